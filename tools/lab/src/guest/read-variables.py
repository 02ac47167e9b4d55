"""Reads static variables by drgn with what the depot at the URL says of them."""

import os
import sys

import drgn
from btfdepot_drgn import use_depot
from drgn.helpers.linux.pid import for_each_task

prog = drgn.Program()
prog.set_kernel()
try:
    prog.type("struct task_struct")
except LookupError:
    print("drgn alone knows no types")
use_depot(prog, sys.argv[1])
print("limit", prog["init_signals"].rlim[7].rlim_max.value_())
print("first", prog["init_task"].comm.string_().decode())
print("own", [task.comm.string_() for task in for_each_task(prog) if task.tgid == os.getpid()])
