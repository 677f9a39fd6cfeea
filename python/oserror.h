/* OSError with an explanation: `[Errno 19] ENODEV: no card in the slot`. Its args[0] is the number.
 * While the heap is locked, as in finalisers, there is no memory for a text: then it has only the
 * number. */
#ifndef PYTHON_OSERROR_H
#define PYTHON_OSERROR_H

/* `text` lives until the exception is made. */
_Noreturn void python_raise_oserror(int number, const char *text);

/* storage's error as an errno of MicroPython (positive). */
int python_storage_errno(int error);

/* Raise storage's error, which an operation on `path` ("" when there is none) gave. Errors that
 * programs expect, such as ENOENT, have no text. */
_Noreturn void python_raise_storage(int error, const char *path);

#endif
