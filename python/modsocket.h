/* Sockets of Python: MicroPython's module over lwIP, guarded (modsocket.c). */
#ifndef PYTHON_MODSOCKET_H
#define PYTHON_MODSOCKET_H

/* Until the next socket is made, closing a connection aborts it: a soft reset leaves no half-closed
 * connection that would keep the port of a server from being bound again. The services' connections
 * are not Python's. */
void python_abort_sockets(void);

#endif
