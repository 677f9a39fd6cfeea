/* Places and their beacons (board/air/place.h), with other processes that are killed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/test_place.h"

static struct air_network home = {
    .ssid = "home", .bssid = {0xd4, 0xf5, 0x13, 0x5e, 0, 1}, .channel = 5, .security = 3};
static char error[400];

/* Called before the next exclusive lock is asked for: what another process may do in just that
 * moment. */
static void (*meanwhile)(void);

int flock(int fd, int operation)
{
    if (meanwhile != NULL && (operation & LOCK_EX) != 0) {
        void (*deed)(void) = meanwhile;
        meanwhile = NULL;
        deed();
    }
    return (int)syscall(SYS_flock, fd, operation);
}

/* ---- the directory */

static void a_place_is_made_for_its_owner_alone(void **state)
{
    char path[64];
    struct air_place other;
    struct stat stat;
    snprintf(path, sizeof path, "%s/inner", place_path);
    assert_int_equal(air_place_open(&other, path, error, sizeof error), 0);
    assert_int_equal(fstat(other.dir_fd, &stat), 0);
    assert_int_equal(stat.st_mode & 0777, 0700);
    air_place_close(&other);

    assert_int_equal(chmod(path, 0770), 0);
    assert_int_equal(air_place_open(&other, path, error, sizeof error), -1);
    assert_non_null(strstr(error, "must be yours"));
    assert_non_null(strstr(error, path));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(air_place_open(&other, "/nonexistent/air", error, sizeof error), -1);
    assert_non_null(strstr(error, "/nonexistent/air"));
}

static void without_a_name_it_is_the_users(void **state)
{
    struct air_place other;
    char path[64], linked[64];
    snprintf(path, sizeof path, "%s/wipy-air", place_path);
    setenv("XDG_RUNTIME_DIR", place_path, 1);
    assert_int_equal(air_place_open(&other, NULL, error, sizeof error), 0);
    assert_string_equal(other.path, path);
    air_place_close(&other);
    rmdir(path);

    snprintf(linked, sizeof linked, "%s/elsewhere", place_path);
    assert_int_equal(mkdir(linked, 0700), 0);
    assert_int_equal(symlink(linked, path), 0); /* as anybody could put it into /tmp */
    assert_int_equal(air_place_open(&other, NULL, error, sizeof error), -1);
    unlink(path);
    rmdir(linked);

    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    snprintf(path, sizeof path, "/tmp/wipy-air-%u", (unsigned)geteuid());
    assert_int_equal(air_place_open(&other, NULL, error, sizeof error), 0);
    assert_string_equal(other.path, path);
    air_place_close(&other);
    unsetenv("XDG_RUNTIME_DIR");
}

/* ---- beacons */

static void what_a_beacon_says_is_heard(void **state)
{
    struct air_beacon one, two;
    struct air_network other = {.ssid = "\xff\"\\ {\n\x01", .channel = 13}, found[3], mine;
    memcpy(other.bssid, "\x02\xff\x00\x01\x02\x03", 6);
    assert_int_equal(air_place_scan(&place, found, 3), 0);
    assert_int_equal(air_beacon_start(&one, &place, &home), 0);
    assert_int_equal(air_beacon_start(&two, &place, &other), 0);
    assert_int_equal(air_place_scan(&place, found, 3), 2);
    assert_memory_equal(found[0].bssid, other.bssid, 6); /* by bssid */
    assert_string_equal(found[0].ssid, other.ssid);
    assert_int_equal(found[0].channel, 13);
    assert_int_equal(found[0].security, 0);
    assert_string_equal(found[1].ssid, "home");
    assert_int_equal(found[1].channel, 5);
    assert_int_equal(found[1].security, 3);
    assert_int_equal(air_place_scan(&place, found, 1), 1);
    assert_true(air_place_find(&place, home.bssid, &mine));
    assert_string_equal(mine.ssid, "home");
    air_beacon_stop(&one, &place);
    assert_false(air_place_find(&place, home.bssid, &mine));
    assert_int_equal(air_place_scan(&place, found, 3), 1);
    air_beacon_stop(&two, &place);
    air_beacon_stop(&two, &place); /* does no harm */
    char name[64];
    assert_int_equal(files_in_place(name), 0);
}

static void a_bssid_is_there_only_once(void **state)
{
    struct air_beacon one, two;
    struct air_network mine;
    assert_int_equal(air_beacon_start(&one, &place, &home), 0);
    assert_int_equal(air_beacon_start(&two, &place, &home), -EADDRINUSE);
    assert_int_equal(two.file_fd, -1);
    assert_true(air_place_find(&place, home.bssid, &mine)); /* and the first one can be reached */
    int fd = air_connect(&place, home.bssid);
    assert_true(fd >= 0);
    close(fd);
    air_beacon_stop(&one, &place);
    assert_int_equal(air_connect(&place, home.bssid), -ENOENT);
    assert_int_equal(air_beacon_start(&two, &place, &home), 0);
    air_beacon_stop(&two, &place);
}

/* A process that has a beacon until it is killed. */
static pid_t beacon_process(const struct air_network *network)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a test fails */
        struct air_beacon beacon;
        byte = air_beacon_start(&beacon, &place, network) == 0;
        (void)!write(ready[1], &byte, 1);
        for (;;) {
            pause();
        }
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void kill_process(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void the_beacon_of_a_killed_one_vanishes(void **state)
{
    struct air_network found[2];
    struct air_beacon beacon;
    char name[64];
    pid_t pid = beacon_process(&home);
    assert_int_equal(air_place_scan(&place, found, 2), 1);
    assert_int_equal(air_beacon_start(&beacon, &place, &home), -EADDRINUSE);
    kill_process(pid);
    assert_int_equal(files_in_place(name), 2);
    assert_int_equal(air_place_scan(&place, found, 2), 0);
    assert_int_equal(files_in_place(name), 0);

    kill_process(beacon_process(&home)); /* nobody looks before it starts again */
    assert_int_equal(air_beacon_start(&beacon, &place, &home), 0);
    assert_int_equal(air_place_scan(&place, found, 2), 1);
    int fd = air_connect(&place, home.bssid);
    assert_true(fd >= 0);
    close(fd);
    air_beacon_stop(&beacon, &place);
}

static struct air_beacon quick;

static void start_quickly(void)
{
    assert_int_equal(air_beacon_start(&quick, &place, &home), 0);
}

/* Who wants to remove a stale beacon may find that another one has the name by then. */
static void a_new_beacon_is_not_taken_for_the_stale_one(void **state)
{
    struct air_network found[2];
    kill_process(beacon_process(&home));
    meanwhile = start_quickly;
    air_place_scan(&place, found, 2);
    assert_null(meanwhile);
    assert_int_equal(air_place_scan(&place, found, 2), 1);
    int fd = air_connect(&place, home.bssid);
    assert_true(fd >= 0);
    close(fd);
    air_beacon_stop(&quick, &place);

    /* The same between two that start. */
    struct air_beacon slow;
    meanwhile = start_quickly;
    assert_int_equal(air_beacon_start(&slow, &place, &home), -EADDRINUSE);
    assert_int_equal(air_place_scan(&place, found, 2), 1);
    air_beacon_stop(&quick, &place);
}

static void put_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place_path, name);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

/* What a start that was killed leaves behind does not stop the next one. */
static void a_killed_start_does_no_harm(void **state)
{
    struct air_beacon beacon;
    char name[64];
    put_file("d4f5135e0001.new", "{\"ssid\": \"a long text, of which nothing may be left\"}");
    put_file("d4f5135e0001.sock", "");
    assert_int_equal(air_beacon_start(&beacon, &place, &home), 0);
    assert_true(air_place_find(&place, home.bssid, &home));
    assert_string_equal(home.ssid, "home");
    air_beacon_stop(&beacon, &place);
    assert_int_equal(files_in_place(name), 0);
}

static void files_that_are_no_beacons_are_passed_over(void **state)
{
    static const char *const wrong[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"ssid\": \"\", \"channel\": 5, \"security\": \"wpa2\"}",
        "{\"ssid\": \"6\", \"channel\": 5, \"security\": \"wpa2\"}",
        "{\"ssid\": \"6100\", \"channel\": 5, \"security\": \"wpa2\"}",
        "{\"ssid\": \"6g\", \"channel\": 5, \"security\": \"wpa2\"}",
        "{\"ssid\": 61, \"channel\": 5, \"security\": \"wpa2\"}",
        "{\"ssid\": \"61\", \"channel\": 0, \"security\": \"wpa2\"}",
        "{\"ssid\": \"61\", \"channel\": 14, \"security\": \"wpa2\"}",
        "{\"ssid\": \"61\", \"channel\": \"5\", \"security\": \"wpa2\"}",
        "{\"ssid\": \"61\", \"channel\": 5, \"security\": \"wpa3\"}",
        "{\"ssid\": \"61\", \"channel\": 5}",
        "{\"ssid\": \"6161616161616161616161616161616161616161616161616161616161616161"
        "61\", \"channel\": 5, \"security\": \"wpa2\"}"};
    struct air_network found[4];
    char path[128];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put_file("020000000001.ap", wrong[i]);
        snprintf(path, sizeof path, "%s/020000000001.ap", place_path);
        FILE *file = fopen(path, "r");
        flock(fileno(file), LOCK_EX); /* as if its access point were up */
        assert_int_equal(air_place_scan(&place, found, 4), 0);
        assert_int_equal(access(path, F_OK), 0);
        fclose(file);
        assert_int_equal(air_place_scan(&place, found, 4), 0);
        assert_int_equal(access(path, F_OK), -1);
    }
    put_file("02000000001.ap", "{}");
    put_file("020000000001.apx", "{}");
    put_file("02000000000G.ap", "{}");
    put_file("0200000000FF.ap", "{}");
    assert_int_equal(mkdirat(place.dir_fd, "020000000002.ap", 0700), 0);
    assert_int_equal(mkfifoat(place.dir_fd, "020000000003.ap", 0600), 0);
    assert_int_equal(symlinkat("/etc/passwd", place.dir_fd, "020000000004.ap"), 0);
    assert_int_equal(air_place_scan(&place, found, 4), 0);
    unlinkat(place.dir_fd, "020000000002.ap", AT_REMOVEDIR);
    assert_int_equal(faccessat(place.dir_fd, "020000000004.ap", F_OK, AT_SYMLINK_NOFOLLOW), 0);
}

/* Beacons come and go, also by force, while others look: nobody ever sees half a beacon, or loses
 * one that is up. */
static void looking_disturbs_nobody(void **state)
{
    enum { LOOKERS = 2, ROUNDS = 300 };
    struct air_network other = home, found[4];
    pid_t lookers[LOOKERS];
    other.bssid[5] = 9;
    for (int i = 0; i < LOOKERS; i++) {
        if ((lookers[i] = fork()) == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) {
                air_place_scan(&place, found, 4);
            }
        }
    }
    struct air_beacon lasting;
    assert_int_equal(air_beacon_start(&lasting, &place, &home), 0);
    for (int i = 0; i < ROUNDS; i++) {
        struct air_beacon beacon;
        if (i % 10 == 0) {
            kill_process(beacon_process(&other));
        }
        int result;
        do { /* one who looks may have been interrupted, with the stale one in his hand */
            result = air_beacon_start(&beacon, &place, &other);
        } while (result == -EADDRINUSE);
        assert_int_equal(result, 0);
        assert_int_equal(air_place_scan(&place, found, 4), 2);
        assert_string_equal(found[1].ssid, "home");
        int fd = air_connect(&place, other.bssid);
        assert_true(fd >= 0);
        close(fd);
        air_beacon_stop(&beacon, &place);
        assert_int_equal(air_place_scan(&place, found, 4), 1);
    }
    air_beacon_stop(&lasting, &place);
    for (int i = 0; i < LOOKERS; i++) {
        kill_process(lookers[i]);
    }
}

/* ---- being told */

static bool is_told(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, 0) == 1;
}

static void who_watches_is_told(void **state)
{
    struct air_beacon beacon;
    int watch = air_place_watch(&place);
    assert_true(watch >= 0);
    assert_false(is_told(watch));
    assert_int_equal(air_beacon_start(&beacon, &place, &home), 0);
    assert_true(is_told(watch));
    air_place_changed(watch);
    assert_false(is_told(watch));
    air_beacon_stop(&beacon, &place);
    assert_true(is_told(watch));
    air_place_changed(watch);
    assert_int_equal(air_place_write(&place, "conditions.json", "{}"), 0);
    assert_true(is_told(watch));
    close(watch);
    unlinkat(place.dir_fd, "conditions.json", 0);
}

static void the_name_of_the_place_can_be_long(void **state)
{
    char path[300];
    struct air_place deep;
    struct air_beacon beacon;
    snprintf(path, sizeof path, "%s/%0200d", place_path, 1);
    assert_int_equal(air_place_open(&deep, path, error, sizeof error), 0);
    assert_int_equal(air_beacon_start(&beacon, &deep, &home), 0);
    int fd = air_connect(&deep, home.bssid);
    assert_true(fd >= 0);
    close(fd);
    air_beacon_stop(&beacon, &deep);
    air_place_close(&deep);
    assert_int_equal(rmdir(path), 0);
}

static void remove_all(const char *path)
{
    char line[100];
    snprintf(line, sizeof line, "rm -r %s", path);
    assert_int_equal(system(line), 0);
}

/* When a user logs out, the folders of his session go, while his boards run. */
static void a_folder_that_has_gone_is_made_again(void **state)
{
    char path[80], parent[64], name[64];
    struct air_place mine;
    struct air_beacon beacon;
    struct air_network found;
    snprintf(parent, sizeof parent, "%s/session", place_path);
    snprintf(path, sizeof path, "%s/air", parent);
    assert_int_equal(mkdir(parent, 0700), 0);
    assert_int_equal(chdir(parent), 0);
    assert_int_equal(air_place_open(&mine, "air", error, sizeof error), 0);
    assert_int_equal(chdir("/"), 0);
    int fd = mine.dir_fd;

    remove_all(parent);
    assert_int_equal(air_beacon_start(&beacon, &mine, &home), -ENOENT);
    assert_false(air_place_find(&mine, home.bssid, &found));
    assert_int_equal(mkdir(parent, 0700), 0);
    assert_int_equal(air_beacon_start(&beacon, &mine, &home), 0);
    assert_int_equal(mine.dir_fd, fd);
    assert_true(air_beacon_is_there(&beacon, &mine));
    assert_int_equal(air_place_scan(&mine, &found, 1), 1);

    remove_all(path);
    assert_false(air_beacon_is_there(&beacon, &mine));
    assert_int_equal(air_place_scan(&mine, &found, 1), 0); /* and makes it again */
    assert_int_equal(access(path, F_OK), 0);
    air_beacon_stop(&beacon, &mine);
    assert_int_equal(chmod(path, 0777), 0); /* it is not made where it cannot be trusted */
    remove_all(path);
    assert_int_equal(mkdir(path, 0700) | chmod(path, 0777), 0);
    assert_int_equal(air_beacon_start(&beacon, &mine, &home), -ENOENT);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(parent), 0);
    air_place_close(&mine);
    assert_int_equal(files_in_place(name), 0);
}

static void nobody_takes_the_beacon_of_another_one_away(void **state)
{
    struct air_beacon one, other;
    struct air_network found;
    assert_int_equal(air_beacon_start(&one, &place, &home), 0);
    assert_int_equal(unlinkat(place.dir_fd, "d4f5135e0001.ap", 0), 0);
    assert_int_equal(unlinkat(place.dir_fd, "d4f5135e0001.sock", 0), 0);
    assert_int_equal(air_beacon_start(&other, &place, &home), 0);
    air_beacon_stop(&one, &place);
    assert_true(air_place_find(&place, home.bssid, &found));
    int fd = air_connect(&place, home.bssid);
    assert_true(fd >= 0);
    close(fd);
    air_beacon_stop(&other, &place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_made_for_its_owner_alone),
        cmocka_unit_test(without_a_name_it_is_the_users),
        cmocka_unit_test(what_a_beacon_says_is_heard),
        cmocka_unit_test(a_bssid_is_there_only_once),
        cmocka_unit_test(the_beacon_of_a_killed_one_vanishes),
        cmocka_unit_test(a_new_beacon_is_not_taken_for_the_stale_one),
        cmocka_unit_test(a_killed_start_does_no_harm),
        cmocka_unit_test(looking_disturbs_nobody),
        cmocka_unit_test(who_watches_is_told),
        cmocka_unit_test(the_name_of_the_place_can_be_long),
        cmocka_unit_test(a_folder_that_has_gone_is_made_again),
        cmocka_unit_test(nobody_takes_the_beacon_of_another_one_away),
        cmocka_unit_test(files_that_are_no_beacons_are_passed_over),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
