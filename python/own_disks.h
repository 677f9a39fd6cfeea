/* The blocks of disks that programs bring, as FatFs and littlefs ask for them. */
#ifndef PYTHON_OWN_DISKS_H
#define PYTHON_OWN_DISKS_H

/* At the start of Python's life. */
void python_own_disks_init(void);

#endif
