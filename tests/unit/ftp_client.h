/* The other end of an FTP session under test: a data connection that is an array, and a client that
 * compares replies. Included by one test program each; what a program does not use is not warned
 * about. */
#ifndef TESTS_UNIT_FTP_CLIENT_H
#define TESTS_UNIT_FTP_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/ftp/ftp_session.h"

#define RECEIVED_MAX 20000u
#define REPLIES_MAX  100000u

/* ---- the data connection */

static int listen_result;
static unsigned probes; /* how often the control connection was asked whether it is alive */
static bool data_listens, data_connected, data_finished, data_reset;
static char received[RECEIVED_MAX + 1]; /* what the client got */
static size_t received_size;
static size_t data_room; /* how much the client's window takes */

static inline int fake_listen(void *context)
{
    data_connected = false;
    data_listens = listen_result >= 0;
    return listen_result;
}

/* PORT: the client listens, and the connection is to be opened to this port; 0: none was. */
static uint16_t connected_port;
static bool connect_fails;

static inline bool fake_connect(void *context, uint16_t port)
{
    connected_port = port;
    data_connected = false;
    data_listens = !connect_fails;
    return !connect_fails;
}

static inline void fake_finish(void *context)
{
    assert_true(data_connected);
    data_finished = true;
}

static inline void fake_close(void *context, bool reset)
{
    data_reset = data_connected ? reset : data_reset;
    data_listens = data_connected = false;
}

static inline void fake_probe(void *context)
{
    probes++;
}

static const struct ftp_transport fake_transport = {fake_listen, fake_connect, fake_finish,
                                                    fake_close, fake_probe};

#define REFUSE_US 250000u /* a wrong login is answered after this */

static const char *notice; /* for who has logged in */

static inline bool fake_login(const char *user, const char *password, uint64_t now_link_us,
                              uint64_t *refuse_us)
{
    *refuse_us = now_link_us + REFUSE_US;
    return strcmp(user, "micro") == 0 && strcmp(password, "python") == 0;
}

static inline const char *fake_notice(void)
{
    return notice;
}

/* ---- the client */

static struct ftp_session session;
static struct ftp_now now;

/* All that the session does without another event. */
static inline void settle(void)
{
    ftp_session_poll(&session, &now);
    const uint8_t *data;
    size_t size;
    while (data_room > 0 && (size = ftp_session_data_out(&session, &data)) > 0) {
        assert_true(data_connected);
        size = size < data_room ? size : data_room;
        memcpy(received + received_size, data, size);
        received_size += size;
        received[received_size] = '\0';
        data_room -= size;
        ftp_session_data_out_taken(&session, size);
    }
    if (data_finished) {
        ftp_session_data_delivered(&session, true);
    }
    do {
        ftp_session_input(&session, NULL, 0);
    } while (ftp_session_goes_on(&session));
}

static inline void offer(const char *data, size_t size)
{
    ftp_session_poll(&session, &now);
    while (size > 0) {
        size_t taken = ftp_session_input(&session, (const uint8_t *)data, size);
        assert_true(taken <= size);
        if (taken == 0) {
            break;
        }
        data += taken;
        size -= taken;
    }
    while (ftp_session_goes_on(&session)) {
        ftp_session_input(&session, NULL, 0);
    }
}

/* The replies since the last call. */
static inline const char *replies(void)
{
    static char text[REPLIES_MAX + 1];
    const uint8_t *data;
    size_t length = 0, size;
    settle();
    while ((size = ftp_session_output(&session, &data)) > 0 && length + size <= REPLIES_MAX) {
        memcpy(text + length, data, size);
        length += size;
        ftp_session_output_taken(&session, size);
    }
    text[length] = '\0';
    settle();
    return text;
}

static inline void expect(const char *reply)
{
    assert_string_equal(replies(), reply);
}

static inline void expect_code(const char *code)
{
    const char *text = replies();
    if (strncmp(text, code, strlen(code)) != 0) {
        fail_msg("expected %s..., got %s", code, text);
    }
}

static inline void say(const char *command)
{
    offer(command, strlen(command));
    offer("\r\n", 2);
}

static inline void ask(const char *command, const char *reply)
{
    say(command);
    expect(reply);
}

static inline void ask_code(const char *command, const char *code)
{
    say(command);
    expect_code(code);
}

static inline void pass_link_us(uint64_t us)
{
    now.link_us += us;
}

static inline void connect_data(void)
{
    assert_true(data_listens);
    data_listens = false;
    data_connected = true;
    data_finished = data_reset = false;
    received_size = 0;
    received[0] = '\0';
    data_room = RECEIVED_MAX;
    ftp_session_data_opened(&session);
}

static inline void passive(void)
{
    ask("PASV", "227 Entering Passive Mode (192,168,1,1,7,232)\r\n");
    connect_data();
}

/* Returns how much the session took. */
static inline size_t upload_data(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t done = 0;
    while (done < size && ftp_session_takes_data(&session)) {
        size_t part = size - done < 1460 ? size - done : 1460;
        done += ftp_session_data_in(&session, bytes + done, part);
    }
    return done;
}

static inline void end_upload(void)
{
    ftp_session_data_in_end(&session);
    settle();
    assert_int_equal(probes, 1);
    probes = 0;
    ftp_session_alive(&session);
}

static inline void connect_control(const struct ftp_files *session_files)
{
    const struct ftp_session_config config = {
        .files = session_files,
        .transport = &fake_transport,
        .login = fake_login,
        .login_notice = fake_notice,
        .idle_us = 300000000,
        .address = {192, 168, 1, 1},
        .peer = {192, 168, 1, 2},
    };
    listen_result = 2024;
    data_listens = data_connected = data_finished = data_reset = false;
    probes = 0;
    connected_port = 0;
    connect_fails = false;
    notice = NULL;
    now = (struct ftp_now){.link_us = 5000, .board_us = 7000, .utc_s = 1795358400};
    ftp_session_init(&session, &config, &now);
    expect("220 WiPy FTP server ready.\r\n");
}

static inline void log_in(void)
{
    ask_code("USER micro", "331 ");
    ask_code("PASS python", "230 ");
}

#endif
