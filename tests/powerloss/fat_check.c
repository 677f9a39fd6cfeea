#include "tests/powerloss/fat_check.h"

#include "tests/powerloss/ram_card.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 512u
#define END   UINT32_MAX

static struct volume {
    enum { FAT12, FAT16, FAT32, EXFAT } type;
    uint32_t table, table_blocks, tables;
    uint32_t root_block, root_entries; /* FAT12, FAT16 */
    uint32_t root;                     /* FAT32, exFAT: a cluster */
    uint32_t data, cluster_blocks, clusters;
    uint32_t bitmap; /* exFAT: its first cluster */
    uint32_t info;   /* FAT32: the block with the number of free clusters */
} volume;

static uint8_t *owned; /* of each cluster: how many it belongs to */
static struct fat_check *found;

static uint32_t number(const uint8_t *at, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint32_t)at[i] << (8 * i);
    }
    return value;
}

static bool open_exfat(const uint8_t *boot, uint32_t start)
{
    volume.type = EXFAT;
    volume.table = start + number(boot + 80, 4);
    volume.table_blocks = number(boot + 84, 4);
    volume.tables = 1;
    volume.data = start + number(boot + 88, 4);
    volume.clusters = number(boot + 92, 4);
    volume.root = number(boot + 96, 4);
    volume.cluster_blocks = 1u << boot[109];
    const uint8_t *root = ram_card_block(volume.data + (volume.root - 2) * volume.cluster_blocks);
    for (unsigned i = 0; i < BLOCK; i += 32) {
        if (root[i] == 0x81) {
            volume.bitmap = number(root + i + 20, 4);
            return true;
        }
    }
    return false;
}

static bool open_volume(void)
{
    uint32_t start = number(ram_card_block(0) + 454, 4);
    const uint8_t *boot = ram_card_block(start);
    memset(&volume, 0, sizeof volume);
    if (number(boot + 510, 2) != 0xaa55) {
        return false;
    }
    if (memcmp(boot + 3, "EXFAT   ", 8) == 0) {
        return open_exfat(boot, start);
    }
    uint32_t blocks = number(boot + 19, 2) ? number(boot + 19, 2) : number(boot + 32, 4);
    volume.table_blocks = number(boot + 22, 2) ? number(boot + 22, 2) : number(boot + 36, 4);
    volume.tables = boot[16];
    volume.table = start + number(boot + 14, 2);
    volume.root_entries = number(boot + 17, 2);
    volume.root_block = volume.table + volume.tables * volume.table_blocks;
    volume.data = volume.root_block + volume.root_entries * 32 / BLOCK;
    volume.cluster_blocks = boot[13];
    volume.clusters = (blocks - (volume.data - start)) / volume.cluster_blocks;
    volume.type = volume.clusters < 4085 ? FAT12 : volume.clusters < 65525 ? FAT16 : FAT32;
    volume.root = number(boot + 44, 4);
    volume.info = start + number(boot + 48, 2);
    return true;
}

static uint32_t table_byte(uint32_t at)
{
    return ram_card_block(volume.table + at / BLOCK)[at % BLOCK];
}

static uint32_t raw_next(uint32_t cluster)
{
    if (volume.type == FAT12) {
        uint32_t at = cluster * 3 / 2;
        uint32_t pair = table_byte(at) | table_byte(at + 1) << 8;
        return cluster % 2 ? pair >> 4 : pair & 0xfff;
    }
    unsigned size = volume.type == FAT16 ? 2 : 4;
    uint32_t at = cluster * size;
    uint32_t value = number(ram_card_block(volume.table + at / BLOCK) + at % BLOCK, size);
    return volume.type == FAT32 ? value & 0x0fffffff : value;
}

static uint32_t next_of(uint32_t cluster)
{
    static const uint32_t ends[] = {0xff8, 0xfff8, 0x0ffffff8, 0xffffffff};
    uint32_t next = raw_next(cluster);
    return next >= ends[volume.type] ? END : next;
}

static bool is_cluster(uint32_t cluster)
{
    return cluster >= 2 && cluster < volume.clusters + 2;
}

static bool is_in_use(uint32_t cluster)
{
    if (volume.type != EXFAT) {
        return raw_next(cluster) != 0;
    }
    uint32_t bit = cluster - 2;
    uint32_t block = volume.data + (volume.bitmap - 2) * volume.cluster_blocks + bit / 8 / BLOCK;
    return ram_card_block(block)[bit / 8 % BLOCK] >> bit % 8 & 1;
}

/* Walk a chain; `needed` clusters, or 0: to its end. Its length. */
static uint32_t own(uint32_t cluster, uint32_t needed, bool contiguous)
{
    uint32_t length = 0;
    while (cluster != END) {
        if (!is_cluster(cluster) || !is_in_use(cluster)) {
            found->broken++;
            return length;
        }
        if (owned[cluster]++ > 0) {
            found->shared++;
            return length;
        }
        length++;
        if (contiguous) {
            cluster = length == needed ? END : cluster + 1;
        } else {
            cluster = next_of(cluster);
        }
    }
    found->broken += length < needed;
    found->longer += needed > 0 && length > needed;
    return length;
}

static void own_file(uint32_t cluster, uint64_t size, bool contiguous)
{
    uint64_t cluster_size = (uint64_t)volume.cluster_blocks * BLOCK;
    uint32_t needed = (uint32_t)((size + cluster_size - 1) / cluster_size);
    found->files++;
    if (cluster != 0 && needed == 0) {
        found->longer++;
        own(cluster, 0, false);
    } else if (cluster == 0) {
        found->broken += needed > 0;
    } else {
        own(cluster, needed, contiguous);
    }
}

/* ---- folders, gathered in memory */

static void look_into(uint32_t cluster, uint64_t size, bool contiguous);

static void look_at_fat(const uint8_t *entry)
{
    uint32_t cluster =
        number(entry + 26, 2) | (volume.type == FAT32 ? number(entry + 20, 2) << 16 : 0);
    if (entry[0] == 0xe5 || entry[0] == '.' || entry[11] & 0x08) {
        return;
    }
    if (entry[11] & 0x10) {
        found->folders++;
        look_into(cluster, 0, false);
    } else {
        own_file(cluster, number(entry + 28, 4), false);
    }
}

/* A set of entries; how many. */
static unsigned look_at_exfat(const uint8_t *entry, unsigned left)
{
    if (entry[0] != 0x85) {
        return 1;
    }
    unsigned count = entry[1] + 1u;
    uint16_t sum = 0;
    if (count < 3 || count > left || entry[32] != 0xc0) {
        found->entries++;
        return 1;
    }
    for (unsigned i = 0; i < count * 32; i++) {
        if (i != 2 && i != 3) {
            sum = (uint16_t)((sum & 1 ? 0x8000 : 0) + (sum >> 1) + entry[i]);
        }
    }
    if (sum != number(entry + 2, 2)) {
        found->entries++;
        return count;
    }
    uint64_t size = number(entry + 56, 4) | (uint64_t)number(entry + 60, 4) << 32;
    bool contiguous = entry[33] & 2;
    if (entry[4] & 0x10) {
        found->folders++;
        look_into(number(entry + 52, 4), size, contiguous);
    } else {
        own_file(number(entry + 52, 4), size, contiguous);
    }
    return count;
}

static void look_through(const uint8_t *entries, unsigned count)
{
    for (unsigned i = 0; i < count && entries[i * 32] != 0;) {
        if (volume.type == EXFAT) {
            i += look_at_exfat(entries + i * 32, count - i);
        } else {
            look_at_fat(entries + i * 32);
            i++;
        }
    }
}

static void look_into(uint32_t cluster, uint64_t size, bool contiguous)
{
    uint32_t blocks = volume.cluster_blocks;
    uint32_t needed = (uint32_t)(size / BLOCK / blocks);
    uint32_t length = own(cluster, needed, contiguous);
    uint8_t *entries = malloc((size_t)length * blocks * BLOCK + 1);
    for (uint32_t i = 0; i < length; i++) {
        for (uint32_t k = 0; k < blocks; k++) {
            memcpy(entries + (i * blocks + k) * BLOCK,
                   ram_card_block(volume.data + (cluster - 2) * blocks + k), BLOCK);
        }
        cluster = contiguous ? cluster + 1 : next_of(cluster);
    }
    look_through(entries, length * blocks * BLOCK / 32);
    free(entries);
}

static void look_at_root(void)
{
    if (volume.type == FAT32) {
        look_into(volume.root, 0, false);
        return;
    }
    if (volume.type == EXFAT) {
        const uint8_t *root =
            ram_card_block(volume.data + (volume.root - 2) * volume.cluster_blocks);
        own(volume.bitmap, 0, false);
        for (unsigned i = 0; i < BLOCK; i += 32) {
            if (root[i] == 0x82) {
                own(number(root + i + 20, 4), 0, false);
            }
        }
        look_into(volume.root, 0, false);
        return;
    }
    uint8_t *entries = malloc(volume.root_entries * 32);
    for (uint32_t i = 0; i < volume.root_entries * 32 / BLOCK; i++) {
        memcpy(entries + i * BLOCK, ram_card_block(volume.root_block + i), BLOCK);
    }
    look_through(entries, volume.root_entries);
    free(entries);
}

bool fat_check(struct fat_check *result)
{
    memset(result, 0, sizeof *result);
    found = result;
    if (!open_volume()) {
        return false;
    }
    owned = calloc(volume.clusters + 2, 1);
    look_at_root();
    uint32_t unused = 0;
    for (uint32_t i = 2; i < volume.clusters + 2; i++) {
        found->lost += is_in_use(i) && owned[i] == 0;
        unused += !is_in_use(i);
    }
    free(owned);
    for (uint32_t i = 0; i < volume.table_blocks && volume.tables == 2; i++) {
        found->tables_differ |=
            memcmp(ram_card_block(volume.table + i),
                   ram_card_block(volume.table + volume.table_blocks + i), BLOCK) != 0;
    }
    if (volume.type == FAT32) {
        uint32_t noted = number(ram_card_block(volume.info) + 488, 4);
        found->free_differs = noted != UINT32_MAX && noted != unused;
    }
    return true;
}
