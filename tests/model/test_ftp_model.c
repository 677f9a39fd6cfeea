/* Random FTP sessions against a model: the session with updates, hidden store, and storage on a
 * chip in memory behind it gives the replies that ftp_model.h foresees, its data connection carries
 * what is foreseen, and the files are those of the model's tree, along the way and at the end.
 *
 * test_ftp_model [SEQUENCES [SEED]]: a failure prints the seed of its board. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/ftp/ftp_reserved.h"
#include "tests/model/wire.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/boot_world.h"

#define SEQUENCES_OF_A_BOARD 20
#define STEPS                30

static struct model model;
static unsigned sequences = 1500;
static uint32_t seed = 1;
static const char *program;
static char again[500];
static uint64_t commands, transfers;
static uint8_t contents[65536];

/* ---- the same files? */

static uint32_t read_whole(const char *path)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, path, STORAGE_READ), STORAGE_OK);
    int32_t size = storage_read(file, contents, sizeof contents);
    storage_abandon(file);
    assert_true(size >= 0);
    return (uint32_t)size;
}

static void compare_entry(const char *folder, const struct storage_entry *entry)
{
    char path[STORAGE_PATH_MAX + STORAGE_NAME_MAX + 2];
    sprintf(path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, entry->name);
    const struct tree_node *node = tree_find(&model.tree, path);
    if (!node || node->is_dir != entry->stat.is_dir || node->size != entry->stat.size) {
        WIRE_FAIL("%s is there, with %u bytes", path, entry->stat.size);
    } else if (node->dated && node->mtime != entry->stat.mtime) {
        WIRE_FAIL("%s has another time: %u, not %u", path, entry->stat.mtime, node->mtime);
    } else if (!node->is_dir &&
               (read_whole(path) != node->size || memcmp(contents, node->data, node->size) != 0)) {
        WIRE_FAIL("%s has other contents", path);
    }
}

static void compare_folder(const char *folder)
{
    struct storage_dir *dir;
    struct storage_entry entry;
    int more;
    unsigned count = 0;
    if (storage_opendir(&dir, folder) != STORAGE_OK) {
        WIRE_FAIL("%s is not there", folder);
    }
    while ((more = storage_readdir(dir, &entry)) > 0) {
        compare_entry(folder, &entry);
        count++;
    }
    assert_int_equal(more, 0);
    storage_closedir(dir);
    for (unsigned i = 0; i < TREE_NODES; i++) {
        count -= tree_child_of(model.tree.nodes[i].path, folder) ? 1 : 0;
    }
    if (count != 0) {
        WIRE_FAIL("%s lacks something", folder);
    }
}

static void compare_files(void)
{
    for (unsigned i = 0; i < TREE_NODES; i++) {
        const struct tree_node *node = &model.tree.nodes[i];
        if (node->path[0] && node->is_dir) {
            compare_folder(node->path);
        }
    }
}

/* ---- steps of a client */

static void send_commands(void)
{
    char lines[COMMANDS_AT_ONCE][MODEL_LINE];
    unsigned count = commands_next(&model, lines);
    if (model.line_count + count > 16) {
        return;
    }
    if (random_below(20) == 0) {
        connect_fails = !connect_fails;
    }
    model.connect_fails = connect_fails;
    for (unsigned i = 0; i < count; i++) {
        size_t size = wire_send(lines[i]);
        model_line(&model, lines[i], size, commands_too_long(lines[i]));
        commands++;
    }
    wire_settle(&model);
}

static void connect(void)
{
    connect_data();
    data_room = 0;
    model_data_connected(&model);
}

static void upload(void)
{
    static const uint32_t sizes[] = {1, 100, 1460, 4095, 4096, 4097, 5000, 8000};
    uint32_t size = sizes[random_below(sizeof sizes / sizeof sizes[0])];
    uint32_t most = model_stream(model.path) >= 0 ? 8160 : 12000; /* of a file */
    if (model.data_ended || model.offset + model.uploaded + size > most) {
        return;
    }
    for (uint32_t i = 0; i < size; i++) {
        contents[i] = (uint8_t)random_below(256);
    }
    assert_int_equal(upload_data(contents, size), size);
    model_data_came(&model, contents, size);
}

static void end_of_upload(void)
{
    if (!model.data_ended) {
        ftp_session_data_in_end(&session);
        assert_int_equal(probes, 1);
        model_data_ended(&model);
        wire_note("(end of the data)");
    } else {
        ftp_session_alive(&session);
        model_alive(&model);
        wire_note("(committed)");
    }
    probes = 0;
}

static void download(void)
{
    data_room = random_below(3) ? RECEIVED_MAX : random_below(3000);
    bool all = data_room == RECEIVED_MAX;
    settle();
    data_room = 0;
    if (model.transfer == MODEL_RETRIEVES) {
        const struct tree_node *node = tree_find(&model.tree, model.path);
        uint32_t rest = node->size - model.offset;
        if (received_size > rest ||
            memcmp(received, node->data + model.offset, received_size) != 0 ||
            (data_finished && received_size < rest)) {
            WIRE_FAIL("other contents came");
        }
    } else if (data_finished) {
        wire_compare_listing(received, model.listing);
    }
    if (all && !data_finished) {
        WIRE_FAIL("the transfer does not end");
    }
    if (data_finished) {
        transfers++;
        model_data_sent(&model);
    }
}

static void unhappy(void)
{
    switch (random_below(3)) {
    case 0:
        if (data_connected || (data_listens && model_is_busy(&model))) {
            wire_note("(data connection lost)");
            ftp_session_data_lost(&session);
            model_data_lost(&model);
        }
        break;
    case 1:
        if (model_is_busy(&model)) {
            wire_note("(half a minute goes by)");
            pass_link_us(FTP_DATA_TIMEOUT_US);
            ftp_session_poll(&session, &now);
            probes = 0;
            model_time_out(&model);
        }
        break;
    default:
        model_line(&model, "ABOR", wire_send("ABOR"), false);
        break;
    }
}

static void pass_refusal(void)
{
    pass_link_us(REFUSE_US);
    ftp_session_poll(&session, &now);
    model_refusal_due(&model);
}

static void step(void)
{
    uint32_t kind = random_below(10);
    if (model.state == MODEL_REFUSING) {
        pass_refusal();
    } else if (kind == 0) {
        unhappy();
    } else if (data_listens && !data_connected && kind < 7) {
        connect();
    } else if (model.transfer == MODEL_STORES && data_connected && kind < 8) {
        if (kind < 5) {
            upload();
        } else {
            transfers += model.data_ended;
            end_of_upload();
        }
    } else if (model_is_busy(&model) && data_connected && kind < 8) {
        download();
    } else {
        send_commands();
    }
    wire_settle(&model);
    if (!model_is_busy(&model) && random_below(16) == 0) {
        compare_files();
    }
}

static void end_of_sequence(void)
{
    switch (random_below(3)) {
    case 0:
        ftp_session_lost(&session);
        model_control_lost(&model);
        break;
    case 1:
        wire_note("(the client closes its side)");
        ftp_session_input_end(&session, false);
        wire_run();
        ftp_session_input_end(&session, true);
        model_control_ended(&model);
        wire_settle(&model);
        while (model.state == MODEL_REFUSING || model_is_busy(&model)) {
            if (model.state == MODEL_REFUSING) {
                pass_refusal();
            } else if (data_connected) {
                download();
            } else if (data_listens && random_below(4) > 0) {
                connect();
            } else {
                unhappy();
            }
            wire_run();
            ftp_session_input_end(&session, true);
            wire_settle(&model);
        }
        break;
    default:
        while (model_is_busy(&model)) {
            unhappy();
            wire_settle(&model);
        }
        break;
    }
    compare_files();
    ftp_session_lost(&session);
    assert_false(data_connected || data_listens);
}

static void play_sequence(void)
{
    wire_begin();
    connect_control(&ftp_reserved);
    model_connect(&model);
    model_forget_expected(&model); /* connect_control() has read the greeting */
    for (unsigned i = 0; i < STEPS && model.state != MODEL_CLOSED; i++) {
        step();
    }
    end_of_sequence();
}

/* ---- boards */

static void new_board(void)
{
    ram_chip_wind_back();
    ram_chip_mark();
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    tree_free(&model.tree);
    model = (struct model){.now = 1795358400};
    tree_init(&model.tree);
    tree_put(&model.tree, "/flash/boot.py", contents, read_whole("/flash/boot.py"));
    tree_put(&model.tree, "/flash/main.py", contents, read_whole("/flash/main.py"));
}

static void test_same_replies_and_same_files(void **state)
{
    boot_world_reset();
    assert_int_equal(storage_init(), STORAGE_FLASH_FORMATTED);
    ram_chip_mark();
    for (unsigned i = 0; i < sequences; i++) {
        if (i % SEQUENCES_OF_A_BOARD == 0) {
            uint32_t board = seed + i / SEQUENCES_OF_A_BOARD;
            sprintf(again, "%s %u %u", program, SEQUENCES_OF_A_BOARD, board);
            random_state = board * 2654435761u | 1;
            new_board();
        }
        play_sequence();
        if (random_below(8) == 0) {
            assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED); /* the next start */
            compare_files();
        }
    }
    tree_free(&model.tree);
    ram_chip_reset();
    print_message("%u sequences, %llu commands, %llu whole transfers\n", sequences,
                  (unsigned long long)commands, (unsigned long long)transfers);
}

int main(int argc, char **argv)
{
    program = argv[0];
    wire_again = again;
    setlocale(LC_ALL, "C.UTF-8");
    sequences = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : sequences;
    seed = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : seed;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_replies_and_same_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
