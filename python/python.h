/* The Python of the WiPy: MicroPython's VM with a port of ours. */
#ifndef PYTHON_PYTHON_H
#define PYTHON_PYTHON_H

/* Run Python for ever: boot.py, main.py, then the prompt; a soft reset (Ctrl-D, machine.soft_reset)
 * starts over with an empty heap while network sessions live on. Never returns. The loop, console,
 * storage and network must be up. */
_Noreturn void python_run(void);

/* The version banner of the VM, e.g. "MicroPython v1.25.0 on 2025-04-15; WiPy with ...": one line
 * without CR LF. */
const char *python_banner(void);

#endif
