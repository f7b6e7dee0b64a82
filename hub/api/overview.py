"""What needs somebody today."""

from fastapi import APIRouter, Depends

from hub.api.paging import Reading
from hub.parts import Parts, parts_of
from hub.views import overview
from hub.views.loans import today
from hub.views.overview import OverviewView

router = APIRouter(prefix="/overview", tags=["overview"])


@router.get("", summary="What needs somebody today")
def read(session: Reading, hub: Parts = Depends(parts_of)) -> OverviewView:  # noqa: B008 (FastAPI's way)
    """Plans to approve, campaigns to decide, runs, open tasks, sites in trouble, overdue loans."""
    return overview.overview(session, hub.settings, hub.clock.utc(), today(hub))
