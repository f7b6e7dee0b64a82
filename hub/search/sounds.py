"""How Chinese sounds in pinyin without tones, and how letters that somebody types may be cut into it."""

from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin

LONGEST = 24
"""Letters that are cut into syllables; what is longer is taken as a whole."""
WAYS = 4
"""Ways to cut the same letters that are looked at, fewest pieces first."""
MORE_PIECES = 1
"""Ways with more pieces beyond the fewest are far-fetched: xian may be xi'an, but hong isn't h'o'n'g."""

_SYLLABLES = """
    a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng
    cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou cu
    cuan cui cun cuo da dai dan dang dao de den deng di dia dian diao die ding diu dong dou du duan dui dun duo e ei
    en er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan
    guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian
    jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan
    kuang kui kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan
    lue lun luo ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne
    nei nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nue nun nuo o ou pa pai pan pang pao pei pen
    peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang
    rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she
    shei shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan
    tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia
    xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue
    yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua
    zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
SYLLABLES = frozenset(_SYLLABLES.split())
"""Every syllable of modern Chinese; ü is written u, as `unumlauted` does."""
INITIALS = frozenset("bcdfghjklmnpqrstwxyz")
"""The letters a syllable begins with, when more than itself."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """Letters read as syllables, some of which are told by their first letter only."""

    initials: str
    """Of every syllable."""
    runs: tuple[str, ...]
    """Syllables typed in full, those beside each other as one, each with the first letter that follows it."""


def unumlauted(letters: str) -> str:
    """The same with v and ü written u: 绿 is typed lv, lu or lü."""
    return letters.replace("v", "u").replace("ü", "u")


@lru_cache(maxsize=20_000)
def syllables(characters: str) -> tuple[str, ...]:
    """One syllable for each of `characters`, as it sounds in this company; empty where nobody knows."""
    said = lazy_pinyin(characters, errors="ignore")
    if len(said) != len(characters):  # one is unknown: which one, only asking singly tells
        said = ["".join(lazy_pinyin(each, errors="ignore")) for each in characters]
    return tuple(unumlauted(syllable) for syllable in said)


def cuts(letters: str) -> tuple[Mixed, ...]:
    """How `letters` read as a mixture of whole syllables and initials: hloumeng, honglm, zgls.

    Only mixtures: all initials, or all in full (the last perhaps begun), need no cutting. At most WAYS.
    """
    if not 3 <= len(letters) <= LONGEST:
        return ()
    ways = _ways(letters)
    if not ways or _mixed(ways[0]) is None:
        return ()
    near = (_mixed(pieces) for pieces in ways if len(pieces) <= len(ways[0]) + MORE_PIECES)
    return tuple(dict.fromkeys(mixed for mixed in near if mixed and mixed.initials != letters))[:WAYS]


def _ways(letters: str) -> list[tuple[str, ...]]:
    """Ways to cut `letters` into syllables and initials, fewest pieces first."""
    ways: list[list[tuple[str, ...]]] = [[()]]
    for end in range(1, len(letters) + 1):
        here = [
            (*before, letters[begin:end])
            for begin in range(max(0, end - 6), end)
            if _is_piece(letters[begin:end])
            for before in ways[begin]
        ]
        ways.append(sorted(here, key=lambda pieces: (len(pieces), pieces))[: 2 * WAYS])
    return ways[-1]


def _is_piece(letters: str) -> bool:
    return letters in SYLLABLES or letters in INITIALS or letters in ("zh", "ch", "sh")


def _mixed(pieces: tuple[str, ...]) -> Mixed | None:
    """A run ends where a syllable is told by its initial, a letter that still belongs to it. None: all are in full."""
    whole = [piece in SYLLABLES for piece in pieces]
    if all(whole[:-1]):
        return None
    runs: list[str] = []
    run = ""
    for piece, in_full in zip(pieces, whole, strict=True):
        if in_full:
            run += piece
        else:
            runs += [run + piece] if run else []
            run = ""
    runs += [run] if run else []
    return Mixed("".join(piece[0] for piece in pieces), tuple(runs))
