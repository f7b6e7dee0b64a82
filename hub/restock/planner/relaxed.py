"""Finds the prices at which sites, vans and themes share out what is scarce: the dual of the linear program.

PDLP's own Python class wants SciPy's matrices; the messages that OR-tools' solvers speak are filled here instead,
straight from columns of numbers.
"""

from collections.abc import Callable

import numpy as np
from ortools.math_opt import callback_pb2, model_parameters_pb2, model_pb2, parameters_pb2, result_pb2
from ortools.math_opt.core.python import solver
from ortools.util.python import solve_interrupter

from hub.restock.planner.prices import Prices, margins, ranked, scarcity, sound
from hub.restock.planner.problem import Bools, Problem
from hub.restock.planner.program import Program, program
from hub.restock.planner.world import Floats

EXACT = 30_000
"""Up to so many columns the simplex method is as fast and proves more."""
LARGE = 500_000
SIFTED = 2
"""How often the promising columns are chosen anew: the first prices are those of a sample only."""
SAMPLE = 200_000
"""Columns of the groups that stand for all, about."""
KEPT = 0.35
"""Share of columns weighed after that."""
FINE, COARSE = 1e-4, 1e-3
"""How far PDLP goes, below and above LARGE columns: relative error of rows and value."""
THREADS = 2
"""Fixed, that every machine counts in the same order and finds the same prices."""
CHUNK = 100_000
"""Numbers handed over at a time, that they don't all stand twice in memory."""
NODES = 200
"""Branches tried for whole copies."""
ITERATIONS = 20_000


class Cancelled(Exception):
    """Whoever asked for a plan no longer wants it."""


def solve(problem: Problem, cancelled: Callable[[], bool]) -> Prices:
    """Prices near the best. Raises Cancelled.

    Where there are very many columns, a share of the groups finds what prices are like, and only columns that may
    pay at those are then weighed.
    """
    if problem.size <= LARGE:
        return _solved(problem, program(problem), cancelled)
    every = -(-problem.size // SAMPLE)
    chance = np.random.default_rng(problem.world.seed).permutation(len(problem.at_sites)) % every == 0
    prices = _solved(problem, program(problem, chance[problem.group], 1 / every), cancelled)
    for _ in range(SIFTED):
        prices = _solved(problem, program(problem, promising(problem, prices)), cancelled)
    return prices


def promising(problem: Problem, prices: Prices) -> Bools:
    """Columns that may be worth having where prices are about as given: stays, and a share of the rest."""
    left = margins(problem, prices)
    spare = left - scarcity(problem, prices, left, ranked(problem, left))[problem.group]
    far = problem.size - round(KEPT * problem.size)
    best: Bools = (spare > np.partition(spare, far)[far]) | ~problem.arriving
    return best


def _solved(problem: Problem, asked: Program, cancelled: Callable[[], bool]) -> Prices:
    settings = parameters_pb2.SolveParametersProto()
    kind = parameters_pb2.SOLVER_TYPE_GLOP
    size = len(asked.cost)
    if size > EXACT:
        kind = parameters_pb2.SOLVER_TYPE_PDLP
        settings.threads = THREADS
        aim = COARSE if problem.size > LARGE else FINE
        ends = settings.pdlp.termination_criteria
        ends.simple_optimality_criteria.eps_optimal_absolute = aim
        ends.simple_optimality_criteria.eps_optimal_relative = aim
        ends.iteration_limit = ITERATIONS
        settings.pdlp.presolve_options.use_glop = False
    found = _asked(_message(asked), kind, settings, cancelled)
    if cancelled():
        raise Cancelled
    return sound(problem, _prices(problem, asked, _duals(asked, found)))


def _asked(
    message: model_pb2.ModelProto,
    kind: "parameters_pb2.SolverTypeProto.ValueType",
    settings: parameters_pb2.SolveParametersProto,
    cancelled: Callable[[], bool] | None,
) -> result_pb2.SolveResultProto:
    bell = solve_interrupter.SolveInterrupter() if cancelled is not None else None

    def heard(lines: list[str]) -> None:
        if bell is not None and cancelled is not None and cancelled():
            bell.interrupt()

    return solver.solve(
        message,
        kind,
        parameters_pb2.SolverInitializerProto(),
        settings,
        model_parameters_pb2.ModelSolveParametersProto(),
        heard if bell is not None else None,
        callback_pb2.CallbackRegistrationProto(),
        None,
        bell.pybind_interrupter if bell is not None else None,
    )


def whole(problem: Problem, free: Bools, taken: Bools) -> Bools | None:
    """The best way found to take columns of `free` beside those of `taken` that aren't free; None where none was.

    Counts branches, not seconds, so it always finds the same.
    """
    keep = free | taken
    asked = program(problem, keep)
    message = _message(asked)
    count = int(keep.sum())
    fixed = ~free[keep]
    message.variables.lower_bounds[:count] = fixed.astype(float).tolist()
    message.variables.integers[:count] = [True] * count
    settings = parameters_pb2.SolveParametersProto(relative_gap_tolerance=1e-5, node_limit=NODES, threads=1)
    found = _asked(message, parameters_pb2.SOLVER_TYPE_GSCIP, settings, None)
    if not found.solutions or not found.solutions[0].HasField("primal_solution"):
        return None
    values = found.solutions[0].primal_solution.variable_values
    chosen = np.zeros(len(asked.cost), bool)
    ids = np.fromiter(values.ids, np.int64)
    chosen[ids[np.fromiter(values.values, np.float64) > 0.5]] = True
    better = np.zeros(problem.size, bool)
    better[np.flatnonzero(keep)[chosen[:count]]] = True
    return better


def _message(asked: Program) -> model_pb2.ModelProto:
    message = model_pb2.ModelProto()
    variables, rows = message.variables, message.linear_constraints
    variables.ids.extend(range(len(asked.cost)))
    variables.lower_bounds.extend([0.0] * len(asked.cost))
    variables.upper_bounds.extend(asked.top.tolist())
    variables.integers.extend([False] * len(asked.cost))
    message.objective.maximize = True
    priced = np.flatnonzero(asked.cost)
    message.objective.linear_coefficients.ids.extend(priced.tolist())
    message.objective.linear_coefficients.values.extend(asked.cost[priced].tolist())
    rows.ids.extend(range(len(asked.low)))
    rows.lower_bounds.extend(asked.low.tolist())
    rows.upper_bounds.extend(asked.high.tolist())
    order = np.lexsort((asked.column, asked.row))
    for begin in range(0, len(order), CHUNK):
        part = order[begin : begin + CHUNK]
        message.linear_constraint_matrix.row_ids.extend(asked.row[part].tolist())
        message.linear_constraint_matrix.column_ids.extend(asked.column[part].tolist())
        message.linear_constraint_matrix.coefficients.extend(asked.entry[part].tolist())
    return message


def _duals(asked: Program, found: result_pb2.SolveResultProto) -> Floats:
    """What one more of each row brings; 0 for all where the solver gave nothing, which proves a poorer bound only."""
    duals = np.zeros(len(asked.low))
    for solution in found.solutions:
        if solution.HasField("dual_solution"):
            values = solution.dual_solution.dual_values
            duals[np.fromiter(values.ids, np.int64)] = np.fromiter(values.values, np.float64)
            break
    return np.where(np.isfinite(duals), duals, 0.0)


def _prices(problem: Problem, asked: Program, duals: Floats) -> Prices:
    """A site's arrivals cost what coming there costs beyond its van, the transfer and handling it."""
    p, at = problem, asked.blocks
    van_in, moves = np.maximum(duals[at[3] : at[4]], 0), max(float(duals[at[5]]), 0.0)
    known = np.full(p.sites, moves + p.handling)
    called = p.van >= 0
    known[called] += van_in[p.van[called]]
    return Prices(
        capacity=duals[at[1] : at[2]],
        arrivals=duals[at[2] : at[3]] - known,
        van_in=van_in,
        van_out=duals[at[4] : at[5]],
        moves=moves,
        demand=duals[at[6] : at[7]],
    )
