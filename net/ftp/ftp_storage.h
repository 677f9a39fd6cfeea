/* FTP's files in storage/: the functions of struct ftp_files (ftp_files.h), for those who put their
 * own in front of some (ftp_reserved.h). */
#ifndef NET_FTP_FTP_STORAGE_H
#define NET_FTP_FTP_STORAGE_H

#include "net/ftp/ftp_files.h"

#define FTP_STORAGE_FILES 6 /* open at once: one for each session */

/* What is written in place is synced whenever so much has come. A sync costs the flash the erasing
 * of two more sectors: at this interval 7 % more wear than none, at half of it 13 % (measured by
 * tests/unit/test_ftp_storage.c). */
#define FTP_STORAGE_SYNC_BYTES 131072u

/* A new name is synced once more, after so much: from then on there are bytes and a date behind it,
 * whenever the power goes. Files below that cost no more than without. */
#define FTP_STORAGE_FIRST_BYTES 8192u

int ftp_storage_open_read(struct ftp_file **file, const char *path, uint64_t offset);
int ftp_storage_open_store(struct ftp_file **file, const char *path, enum ftp_store how,
                           uint64_t offset);
int32_t ftp_storage_read(struct ftp_file *file, void *data, uint32_t size);
int32_t ftp_storage_write(struct ftp_file *file, const void *data, uint32_t size);
int ftp_storage_commit(struct ftp_file *file);
void ftp_storage_abandon(struct ftp_file *file);
int ftp_storage_opendir(struct ftp_dir **dir, const char *path);
int ftp_storage_readdir(struct ftp_dir *dir, struct storage_entry *entry);
void ftp_storage_closedir(struct ftp_dir *dir);
uint64_t ftp_storage_room(const char *path); /* of "/": that of the volume with most */

#endif
