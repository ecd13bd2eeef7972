"""The ONNX runtime, which is not to call anybody.

As of 1.29 the builds that its maker publishes send events over the network, and keep an identifier
of the machine and a cache in the home and temporary folders, from the import on. Only a variable
that is set before (its own Privacy.md) keeps all of that from being made, so nothing else imports
the runtime.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # after the line above


def open_graph(content: bytes) -> onnxruntime.InferenceSession:
    """A graph that runs on the CPU, in the calling thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Rows are short, so what an arena keeps is little; without one, and with a plan of memory for
    # each size of input, a process holds three times as much.
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
