"""Finds the prices at which sites, vans and themes share out what is scarce: the dual of the linear program.

Few columns go to the simplex method, which is exact; many to PDLP, a first-order method that takes the numbers as
they stand. For the others the messages that OR-tools' solvers speak are filled here, straight from columns of numbers.
"""

from collections.abc import Callable

import numpy as np
from ortools.math_opt import callback_pb2, model_parameters_pb2, model_pb2, parameters_pb2, result_pb2
from ortools.math_opt.core.python import solver
from ortools.pdlp import solvers_pb2
from ortools.pdlp.python import pdlp
from scipy.sparse import csc_matrix

from hub.restock.planner.prices import Prices, reckon, sound
from hub.restock.planner.problem import Bools, Problem
from hub.restock.planner.program import Program, program
from hub.restock.planner.world import Floats

EXACT = 30_000
"""Up to so many columns the simplex method is as fast and proves more."""
AIM = 3e-4
"""How far PDLP goes: relative error of rows and value. Going on finds little more: a flow in whole copies follows."""
LARGE = 100_000
"""From so many columns on only promising ones are weighed, by the prices of a sample."""
SAMPLE = 300_000
"""Columns of the groups that stand for all, about."""
FEWEST = 4
"""One group of so many stands for all, at the most."""
KEPT = 0.5
"""Share of columns weighed after that."""
ROUGH = 1e-3
"""How far it goes for the sample."""
THREADS = 2
"""Fixed, that every machine counts in the same order and finds the same prices."""
NODES = 200
"""Branches tried for whole copies."""
ITERATIONS = 20_000


class Cancelled(Exception):
    """Whoever asked for a plan no longer wants it."""


def solve(problem: Problem, cancelled: Callable[[], bool]) -> Prices:
    """Prices near the best. Raises Cancelled, after a solver's work: it can't be stopped in the midst of it.

    Where there are very many columns, a share of the groups finds what prices are like, and only columns that may
    pay at those are then weighed.
    """
    if problem.size <= LARGE:
        return _solved(problem, program(problem), cancelled)
    every = max(FEWEST, -(-problem.size // SAMPLE))
    chance = np.random.default_rng(problem.world.seed).permutation(len(problem.at_sites)) % every == 0
    rough = _solved(problem, program(problem, chance[problem.group], 1 / every), cancelled, ROUGH)
    return _solved(problem, program(problem, promising(problem, rough)), cancelled)


def promising(problem: Problem, prices: Prices) -> Bools:
    """Columns that may be worth having where prices are about as given: stays, and a share of the rest."""
    spare = reckon(problem, prices).spare
    far = problem.size - round(KEPT * problem.size)
    best: Bools = (spare > np.partition(spare, far)[far]) | ~problem.arriving
    return best


def _solved(problem: Problem, asked: Program, cancelled: Callable[[], bool], aim: float = AIM) -> Prices:
    duals = _simplex(asked) if len(asked.cost) <= EXACT else _first_order(asked, aim)
    if cancelled():
        raise Cancelled
    return sound(problem, _prices(problem, asked, np.where(np.isfinite(duals), duals, 0.0)))


def _simplex(asked: Program) -> Floats:
    """What one more of each row brings; 0 for all where the solver gave nothing, which proves a poorer bound only."""
    duals = np.zeros(len(asked.low))
    settings = parameters_pb2.SolveParametersProto()
    for solution in _asked(_message(asked), parameters_pb2.SOLVER_TYPE_GLOP, settings).solutions:
        if solution.HasField("dual_solution"):
            values = solution.dual_solution.dual_values
            duals[np.fromiter(values.ids, np.int64)] = np.fromiter(values.values, np.float64)
            break
    return duals


def _first_order(asked: Program, aim: float) -> Floats:
    """The same, nearly; holds the interpreter until it is done."""
    minimised = pdlp.QuadraticProgram()
    minimised.objective_vector = -asked.cost
    minimised.variable_lower_bounds = np.zeros(len(asked.cost))
    minimised.variable_upper_bounds = asked.top
    minimised.constraint_lower_bounds = asked.low
    minimised.constraint_upper_bounds = asked.high
    size = len(asked.low), len(asked.cost)
    minimised.constraint_matrix = csc_matrix((asked.entry, (asked.row, asked.column)), shape=size)
    settings = solvers_pb2.PrimalDualHybridGradientParams(num_threads=THREADS)
    ends = settings.termination_criteria
    ends.simple_optimality_criteria.eps_optimal_absolute = aim
    ends.simple_optimality_criteria.eps_optimal_relative = aim
    ends.iteration_limit = ITERATIONS
    found: Floats = -np.asarray(pdlp.primal_dual_hybrid_gradient(minimised, settings).dual_solution)
    return found


def _asked(
    message: model_pb2.ModelProto,
    kind: "parameters_pb2.SolverTypeProto.ValueType",
    settings: parameters_pb2.SolveParametersProto,
) -> result_pb2.SolveResultProto:
    return solver.solve(
        message,
        kind,
        parameters_pb2.SolverInitializerProto(),
        settings,
        model_parameters_pb2.ModelSolveParametersProto(),
        None,
        callback_pb2.CallbackRegistrationProto(),
        None,
        None,
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
    found = _asked(message, parameters_pb2.SOLVER_TYPE_GSCIP, settings)
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
    message.linear_constraint_matrix.row_ids.extend(asked.row[order].tolist())
    message.linear_constraint_matrix.column_ids.extend(asked.column[order].tolist())
    message.linear_constraint_matrix.coefficients.extend(asked.entry[order].tolist())
    return message


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
