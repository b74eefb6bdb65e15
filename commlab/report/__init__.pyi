from commlab.report.blocks import Action as Action
from commlab.report.calls import (
    actions as actions,
    begin as begin,
    borrow as borrow,
    cards as cards,
    changes as changes,
    end as end,
    heading as heading,
    others_actions as others_actions,
    put as put,
    say as say,
    section as section,
    show as show,
    targets as targets,
    warn as warn,
)
from commlab.report.known import (
    known_notebooks as known_notebooks,
    pseudonymous as pseudonymous,
    titles as titles,
)
from commlab.report.results import ActionList as ActionList, read_results as read_results
