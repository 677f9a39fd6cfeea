/* Which script runs after boot.py: docs/boot.md has the table. */
#ifndef PYTHON_MAIN_SCRIPT_H
#define PYTHON_MAIN_SCRIPT_H

/* The absolute path of main.py, or of what pyb.main() named, on the drive that is the current one
 * now. NULL when it is not there: a line of what was looked for, and why it is not there, is
 * printed. */
const char *python_find_main(void);

#endif
