/* The hidden store: certificates and the private key, which come by FTP and only the firmware reads (docs/spec.md, "Hidden store"). A file is replaced as a
 * whole; a power cut leaves the old one or the new one. */
#ifndef UPDATE_HIDDEN_H
#define UPDATE_HIDDEN_H

#include <stdint.h>

#include "storage/storage.h"

enum hidden_file { HIDDEN_CA, HIDDEN_CERTIFICATE, HIDDEN_PRIVATE_KEY, HIDDEN_FILES };

#define HIDDEN_SIZE_MAX 8160u /* bytes in a file */

/* Upload: one at a time, STORAGE_BUSY; STORAGE_FULL when it becomes too large. 0 or a negative storage_error. */
int hidden_begin(enum hidden_file file);
int32_t hidden_write(const void *data, uint32_t size);
int hidden_commit(void); /* the upload is over either way */
void hidden_abandon(void);

/* Afterwards nothing of it is in the chip. STORAGE_NOT_FOUND: it was not there; what an earlier removal that lost its power left is gone now. */
int hidden_remove(enum hidden_file file);

/* For the firmware only: its size, of which at most `size` bytes were stored; STORAGE_NOT_FOUND, STORAGE_IO. */
int32_t hidden_read(enum hidden_file file, void *data, uint32_t size);

#endif
