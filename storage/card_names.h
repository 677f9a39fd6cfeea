/* Names, folders and time stamps of /sd, as struct volume has them. */
#ifndef STORAGE_CARD_NAMES_H
#define STORAGE_CARD_NAMES_H

#include "storage/volume.h"

int card_check_name(const char *name, size_t length);
int card_true_path(char path[STORAGE_PATH_MAX]);
uint32_t card_fold(uint32_t character);
int card_stat(const char *inner, struct storage_stat *stat);
int card_set_mtime(const char *inner, uint32_t mtime);
int card_make_dir(const char *inner);
int card_remove(const char *inner, bool is_dir);
int card_rename(const char *from, const char *to, const struct storage_stat *replaced);
int card_open_dir(struct volume_dir *dir, const char *inner);
int card_read_dir(struct volume_dir *dir, const char *inner, struct storage_entry *entry);
void card_close_dir(struct volume_dir *dir);

#endif
