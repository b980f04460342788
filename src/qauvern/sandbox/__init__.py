"""A local IBM Cloud with a made-up account: IAM, Resource Controller and Quantum API over HTTP on loopback.

    with Sandbox.create(instances=24, seed=1) as sandbox, sandbox.serve() as running:
        os.environ.update(running.environment())

Bases: {base}/iam, {base}/rc, {base}/user-management and {base}/quantum/{region}/api. What it is asked and what takes
effect is recorded: `requests`, `totals`, `applied_changes`, and for other processes GET {base}/_sandbox/records
(/account, /configuration).
`operator` does what only IBM, other people or the passing of time can do. Usage goes back 400 days.

Faults. A spec is TARGET[:WHICH]=KIND[:COUNT].

    TARGET   token, list, get, patch, create, account, usage, analytics, filters, configuration, backends, workloads,
             versions, users, any
    WHICH    N (the Nth matching request, from 1), N+ (it and all later ones), INSTANCE (its CRN, GUID or name),
             INSTANCE#N or INSTANCE#N+ (the Nth request for that instance). Without it: every request.
    COUNT    how many requests it befalls at most. Without it: no end.
    KIND     429, 500, ... a status from 400 to 599; not carried out. 429/SECONDS gives Retry-After (429 alone: 1).
             500-applied   that status, although the request was carried out
             refuse        connection reset; not carried out
             cut-before    connection closed without an answer; not carried out
             cut-after     carried out; connection closed without an answer
             slow:SECONDS  answered that much later
             html          an HTML page with status 200; not carried out
             truncated     carried out; half of the JSON
             ignored       patch, create: accepted, ends as succeeded, never takes effect
             not-enforced  patch, create: ends as succeeded and shows in extensions; jobs are never held to it
             stuck         patch, create: accepted, in progress for ever, never takes effect
             stuck-applied patch, create: accepted, takes effect, in progress for ever

    patch:2=429   usage=500:3   patch:chem-catalysis=ignored   any:5+=refuse   analytics=slow:0.5:2   patch:a-b#1=429/0

A delay joins whatever else befalls a request; of several other faults that match, the first one's kind counts.

What it does where IBM's behaviour is open: an update that would lift a plan above its budget ends as a failed operation
with the state unchanged; what an update's parameters leave out is wiped (no allocation, no limit, backends ["ANY"]);
but for backends where IBM's support has changed the effective list (both lists stay); parameters equal to the last
request's are ignored; updates sent while one is in progress take effect in order.
"""

from __future__ import annotations

from ._model import AppliedChange, Held, Instance, Job, RequestRecord, SandboxBusy, SandboxDamaged, SandboxError, Total
from ._operator import UNCHANGED, Operator
from ._routes import routes
from ._sandbox import RunningSandbox, Sandbox
from ._wire import Call, Cut, Reply

__all__ = [
    "UNCHANGED",
    "AppliedChange",
    "Call",
    "Cut",
    "Held",
    "Instance",
    "Job",
    "Operator",
    "Reply",
    "RequestRecord",
    "RunningSandbox",
    "Sandbox",
    "SandboxBusy",
    "SandboxDamaged",
    "SandboxError",
    "Total",
    "routes",
]
