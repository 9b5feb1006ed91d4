"""Every statement that the queue says to SQLite, by name. Parameters are always bound."""

from __future__ import annotations

from typing import Final

COUNT_CHANGE: Final = "UPDATE counters SET value = value + 1 WHERE name = 'changes'"
COUNTER: Final = "SELECT value FROM counters WHERE name = :name"
SET_COUNTER: Final = "UPDATE counters SET value = :value WHERE name = :name"
NEXT_CLAIM: Final = "UPDATE counters SET value = value + 1 WHERE name = 'claims' RETURNING value"

# Adding, reading, listing. -------------------------------------------------------------

ROW: Final = """
    j.id, j.kind, j.state, j."group", j.task, j.name, j.summary, j.seed, j.model, j.priority,
    j.position AS "order", j.not_before, j.attempts, j.crashes, j.wish, j.error, j.folder,
    j.created, j.started, j.finished, j.seconds, j.out,
    (SELECT n.needs FROM needs n JOIN jobs d ON d.id = n.needs
     WHERE n.job = j.id AND d.state <> 'done' LIMIT 1) AS blocked_by
"""

ADD: Final = """
    INSERT INTO jobs (id, kind, state, "group", task, name, summary, seed, model, priority,
        position, not_before, load_key, share_key, work, payload, out, set_name, origin, created)
    VALUES (:id, :kind, :state, :group, :task, :name, :summary, :seed, :model, :priority,
        :position, :not_before, :load_key, :share_key, :work, :payload, :out, :set_name, :origin,
        :created)
"""
ADD_NEED: Final = "INSERT OR IGNORE INTO needs (job, needs) VALUES (:job, :needs)"
NEEDS: Final = "SELECT needs FROM needs WHERE job = :job ORDER BY needs"
DROP_NEED: Final = "DELETE FROM needs WHERE job = :job AND needs = :needs"
DROP_NEEDS: Final = "DELETE FROM needs WHERE job = :job"
KNOWN: Final = "SELECT id FROM jobs WHERE id IN (SELECT value FROM json_each(:ids))"
LAST_POSITION: Final = "SELECT coalesce(max(position), 0) AS last FROM jobs"

JOB: Final = f"SELECT {ROW}, j.payload, j.set_name, j.origin FROM jobs j WHERE j.id = :id"
IDS_LIKE: Final = """
    SELECT id FROM jobs WHERE id LIKE :start ESCAPE '\\' OR id LIKE :end ESCAPE '\\' LIMIT 6
"""
IDS_IN_GROUP: Final = 'SELECT id FROM jobs WHERE "group" = :group ORDER BY priority DESC, position'
IDS_IN_STATE: Final = """
    SELECT id FROM jobs WHERE state IN (SELECT value FROM json_each(:states))
    ORDER BY priority DESC, position
"""
LIST: Final = (
    f"SELECT {ROW} FROM jobs j WHERE {{where}} ORDER BY {{order}} LIMIT :limit OFFSET :offset"
)
COUNT: Final = "SELECT count(*) AS n FROM jobs j WHERE {where}"
FILTERS: Final[dict[str, str]] = {
    "states": "j.state IN (SELECT value FROM json_each(:states))",
    "state": "j.state = :state",
    "group": 'j."group" = :group',
    "task": "j.task = :task",
    "kind": "j.kind = :kind",
    "text": "(j.name LIKE :text ESCAPE '\\' OR j.summary LIKE :text ESCAPE '\\' "
    "OR j.\"group\" LIKE :text ESCAPE '\\' OR j.id LIKE :text ESCAPE '\\')",
}
ORDERS: Final[dict[str, str]] = {
    "turn": "j.priority DESC, j.position",
    "newest": "j.number DESC",
}
SUMMARY: Final = "SELECT state, count(*) AS n FROM jobs GROUP BY state"
GROUPS: Final = """
    SELECT "group", state, count(*) AS n FROM jobs GROUP BY "group", state ORDER BY min(number)
"""
PROGRESS: Final = "SELECT job, phase, step, total, eta, preview FROM progress"
ATTEMPTS: Final = "SELECT * FROM attempts WHERE job = :job ORDER BY number"

# What a user may do. --------------------------------------------------------------------

MOVE_STATE: Final = """
    UPDATE jobs SET state = :target, wish = ''
    WHERE id = :id AND state IN (SELECT value FROM json_each(:sources)) AND state <> 'running'
"""
WISH: Final = "UPDATE jobs SET wish = :wish WHERE id = :id AND state = 'running'"
RETRY: Final = """
    UPDATE jobs SET state = 'waiting', wish = '', error = NULL, crashes = 0, finished = NULL
    WHERE id = :id AND state IN (SELECT value FROM json_each(:sources))
"""
TAKE_BACK_RETRY: Final = """
    UPDATE jobs SET state = :state, error = :error, crashes = :crashes, finished = :finished
    WHERE id = :id AND state = 'waiting' AND attempts = :attempts AND payload = :payload
    RETURNING id
"""
EDIT: Final = """
    UPDATE jobs SET payload = :payload, task = :task, name = :name, summary = :summary,
        seed = :seed, model = :model, load_key = :load_key, share_key = :share_key, work = :work
    WHERE id = :id
"""
SCHEDULE: Final = """
    UPDATE jobs SET priority = :priority, not_before = :not_before WHERE id = :id
"""
PLACE: Final = "UPDATE jobs SET priority = :priority, position = :position WHERE id = :id"
EDGE: Final = """
    SELECT min(position) AS first, max(position) AS last FROM jobs WHERE priority = :priority
"""
NEXT: Final = """
    SELECT id FROM jobs WHERE priority = :priority AND position > :position
    ORDER BY position LIMIT 1
"""
NEIGHBOUR_BEFORE: Final = """
    SELECT max(position) AS position FROM jobs WHERE priority = :priority AND position < :position
"""
RENUMBER: Final = """
    UPDATE jobs SET position = :step * r.n
    FROM (SELECT id, row_number() OVER (ORDER BY position, number) AS n FROM jobs) AS r
    WHERE jobs.id = r.id
"""
REMOVE: Final = """
    DELETE FROM jobs WHERE state IN (SELECT value FROM json_each(:states))
    AND NOT EXISTS (SELECT 1 FROM needs n JOIN jobs d ON d.id = n.job
                    WHERE n.needs = jobs.id AND d.state NOT IN ('done', 'cancelled'))
"""
FORGET_NEEDS_OF: Final = """
    DELETE FROM needs WHERE needs IN (
        SELECT j.id FROM jobs j WHERE j.state IN (SELECT value FROM json_each(:states))
        AND NOT EXISTS (SELECT 1 FROM needs n JOIN jobs d ON d.id = n.job
                        WHERE n.needs = j.id AND d.state NOT IN ('done', 'cancelled')))
"""

# Whose turn it is. ------------------------------------------------------------------------

_RUNNABLE: Final = """
    state = 'waiting' AND (not_before IS NULL OR not_before <= :now)
    AND out NOT IN (SELECT value FROM json_each(:closed))
    AND kind IN (SELECT value FROM json_each(:kinds))
    AND NOT EXISTS (SELECT 1 FROM needs n JOIN jobs d ON d.id = n.needs
                    WHERE n.job = jobs.id AND d.state <> 'done')
"""
_CANDIDATE: Final = "id, kind, priority, position, load_key, share_key, crashes"
_WINDOW: Final = f"""
    FROM jobs WHERE {_RUNNABLE} AND priority = :priority AND position <= :window
"""
HEAD: Final = f"""
    SELECT {_CANDIDATE} FROM jobs WHERE {_RUNNABLE} ORDER BY priority DESC, position LIMIT 1
"""
FIRST_SHARING: Final = f"""
    SELECT {_CANDIDATE} {_WINDOW} AND share_key = :share_key ORDER BY position LIMIT 1
"""
FIRST_LOADED: Final = f"""
    SELECT {_CANDIDATE} {_WINDOW} AND load_key = :load_key ORDER BY position LIMIT 1
"""
FIRST_NOT_LOADED: Final = f"""
    SELECT {_CANDIDATE} {_WINDOW} AND load_key NOT IN (
        SELECT load_key FROM workers WHERE NOT (studio = :studio AND number = :worker))
    ORDER BY position LIMIT 1
"""
MEMBERS: Final = f"""
    SELECT id {_WINDOW} AND share_key = :share_key AND kind = :kind AND crashes = 0
        AND position >= :position
    ORDER BY position LIMIT :limit
"""
COUNT_MEMBERS: Final = f"""
    SELECT count(*) AS n {_WINDOW} AND share_key = :share_key AND kind = :kind AND crashes = 0
"""
CLAIM: Final = """
    UPDATE jobs SET state = 'running', wish = '', studio = :studio, worker = :worker,
        claim = :claim
    WHERE id = :id AND state = 'waiting'
"""
STILL_TO_COME: Final = """
    SELECT
        (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
        (SELECT count(*) FROM jobs j WHERE state = 'waiting'
            AND out NOT IN (SELECT value FROM json_each(:closed))
            AND kind IN (SELECT value FROM json_each(:kinds))
            AND NOT EXISTS (SELECT 1 FROM needs n JOIN jobs d ON d.id = n.needs
                WHERE n.job = j.id AND d.state <> 'done')) AS ready,
        (SELECT count(*) FROM jobs WHERE state = 'waiting') AS waiting
"""

# Who works, and how it goes. ----------------------------------------------------------------

JOIN: Final = """
    INSERT INTO studios (id, pid, began) VALUES (:id, :pid, :began) ON CONFLICT (id) DO NOTHING
"""
BEAT: Final = "UPDATE studios SET beats = beats + 1 WHERE id = :id"
DROP_STUDIO: Final = "DELETE FROM studios WHERE id = :id"
STUDIOS: Final = "SELECT id, pid, began, beats FROM studios WHERE id <> :own"
SET_WORKER: Final = """
    INSERT INTO workers (studio, number, load_key, share_key)
    VALUES (:studio, :worker, :load_key, :share_key)
    ON CONFLICT (studio, number) DO UPDATE SET load_key = :load_key, share_key = :share_key
"""
COUNT_WORKERS: Final = "SELECT count(*) AS n FROM workers"
JOBS_OF_STUDIO: Final = "SELECT id, claim FROM jobs WHERE studio = :studio AND state = 'running'"
RESULTS_TO_COME: Final = """
    SELECT id, kind, payload FROM jobs WHERE kind <> 'generate'
        AND state IN ('waiting', 'paused', 'running', 'failed', 'quarantined')
"""
JOBS_IN: Final = "SELECT id FROM jobs WHERE kind = :kind AND out = :out ORDER BY number DESC"
WISHES: Final = "SELECT id, wish FROM jobs WHERE claim = :claim AND wish <> ''"
HELD: Final = (
    "SELECT wish, crashes FROM jobs WHERE id = :id AND claim = :claim AND state = 'running'"
)
BEGIN_ATTEMPT: Final = """
    UPDATE jobs SET attempts = attempts + 1, started = :now
    WHERE id = :id AND claim = :claim AND state = 'running' RETURNING attempts
"""
ADD_ATTEMPT: Final = """
    INSERT INTO attempts (job, number, studio, worker, began, log)
    VALUES (:id, :number, :studio, :worker, :now, :log)
"""
OPEN_ATTEMPT: Final = "SELECT number FROM attempts WHERE job = :id AND ended IS NULL"
END_ATTEMPT: Final = """
    UPDATE attempts SET ended = :now, outcome = :outcome, evidence = :evidence
    WHERE job = :id AND ended IS NULL
"""
TELL_PROGRESS: Final = """
    INSERT INTO progress (job, phase, step, total, eta, preview)
    VALUES (:job, :phase, :step, :total, :eta, :preview)
    ON CONFLICT (job) DO UPDATE SET phase = :phase, step = :step, total = :total, eta = :eta,
        preview = :preview
"""
DROP_PROGRESS: Final = "DELETE FROM progress WHERE job = :id"
SETTLE: Final = """
    UPDATE jobs SET state = :state, wish = '', studio = NULL, worker = NULL, claim = NULL,
        error = :error, folder = coalesce(:folder, folder), finished = :finished,
        seconds = coalesce(:seconds, seconds), crashes = crashes + :crash
    WHERE id = :id AND claim = :claim AND state = 'running' RETURNING crashes
"""
FOUND: Final = """
    UPDATE jobs SET state = 'done', wish = '', studio = NULL, worker = NULL, claim = NULL,
        error = NULL, folder = :folder, finished = coalesce(finished, :now)
    WHERE id = :id AND state <> 'done'
"""
UNFINISHED: Final = "SELECT id, out FROM jobs WHERE state <> 'done' AND kind = 'generate'"
RESULTS_FOLDERS: Final = "SELECT DISTINCT out FROM jobs WHERE kind = 'generate'"
PACE: Final = """
    SELECT seconds / work AS pace FROM jobs
    WHERE state = 'done' AND kind = 'generate' AND model = :model AND work > 0 AND seconds > 0
    ORDER BY finished DESC LIMIT 50
"""
PACE_ON: Final = """
    SELECT seconds / work AS pace FROM (
        SELECT seconds, work, payload FROM jobs
        WHERE state = 'done' AND model = :model AND work > 0 AND seconds > 0
        ORDER BY finished DESC LIMIT 200)
    WHERE json_extract(payload, '$.engine') = :engine LIMIT 20
"""
STATS: Final = """
    SELECT model, count(*) AS n, sum(seconds) AS seconds, avg(seconds) AS mean,
        min(finished) AS first, max(finished) AS last, sum(attempts) AS attempts
    FROM jobs WHERE state = 'done' AND kind = 'generate' GROUP BY model ORDER BY n DESC
"""
AHEAD: Final = """
    SELECT model, share_key, load_key, count(*) AS n, sum(work) AS work FROM jobs
    WHERE state = 'waiting' AND kind = 'generate' GROUP BY model, share_key, load_key
"""
