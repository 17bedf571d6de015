/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-host and devices that do not do what they should in a ceremony. S3: it is
 * killed in its midst, when a device has stopped somewhere; the list of devices
 * is what it was, and once a device was told that it is paired, it is on the
 * list. S4: messages out of turn, twice, cut short.
 */
#include "pf-msg-frame.h"
#include "pf-pairing.h"
#include "pf-session-io.h"
#include "pf-open-path.h"
#include "pf-test.h"
#include "quic-pair.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define NOBODY 65534
#define CHALLENGE_SIZE (2 + 5 + 2 + 33 + 32)
#define RESULT_SIZE (2 + 6)

typedef struct {
  gchar *dir, *identity, *store;
  GSubprocess *process;
  gchar port[8];
} Host;

/* Where the device stops. */
typedef enum {
  REQUESTED,  /* somebody is to type its digits */
  KNOCKED,    /* somebody is to say yes */
  CHALLENGED, /* it knows the PIN, and has not proved it */
  WRONG,      /* its proof was a wrong one */
  PAIRED,
} Phase;

static GSubprocess *
spawn (const gchar *const *argv, GSubprocessFlags flags)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *process = g_subprocess_newv (argv, flags, &error);

  if (!process)
    pf_test_fail (__FILE__, __LINE__, "%s", error->message);
  PF_REQUIRE (process);
  return process;
}

static void
start_host (Host *h)
{
  const gchar *argv[20] = { g_getenv ("PF_HOST"), "serve", "--source", "test",
    "--ask", "--no-mdns", "--listen", "127.0.0.1", "--port", "0", "--identity",
    h->identity, NULL };
  g_autoptr (GDataInputStream) in = NULL;
  gchar *line;

  if (geteuid () == 0) {
    argv[12] = "--user";
    argv[13] = "nobody";
  }
  h->process = spawn (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  in = g_data_input_stream_new (g_subprocess_get_stdout_pipe (h->process));
  g_filter_input_stream_set_close_base_stream (
      G_FILTER_INPUT_STREAM (in), FALSE);
  h->port[0] = '\0';
  while ((line = g_data_input_stream_read_line (in, NULL, NULL, NULL))) {
    sscanf (line, "listens on UDP port %7[0-9]", h->port);
    if (g_str_equal (line, "ready"))
      break;
    g_free (line);
  }
  g_free (line);
  PF_REQUIRE (h->port[0]);
}

static void
kill_host (Host *h)
{
  g_subprocess_force_exit (h->process); /* SIGKILL */
  PF_CHECK (g_subprocess_wait (h->process, NULL, NULL));
  g_clear_object (&h->process);
}

/* pf-host pair: its status; what it printed, if that is wanted. */
static int
ask_host (const Host *h, const gchar *command, const gchar *option,
    const gchar *input, gchar **out)
{
  const gchar *argv[] = { g_getenv ("PF_HOST"), "pair", command, "--port",
    h->port, option, input ? "--pin-stdin" : NULL, NULL };
  GSubprocess *process = spawn (
      argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autofree gchar *text = NULL;
  int status;

  g_subprocess_communicate_utf8 (process, input, NULL, &text, NULL, NULL);
  status = g_subprocess_get_if_exited (process)
               ? g_subprocess_get_exit_status (process)
               : -1;
  g_object_unref (process);
  if (out)
    *out = g_steal_pointer (&text);
  return status;
}

/* ---- The device ------------------------------------------------------------- */

typedef struct {
  QuicClient client;
  PfPairing pairing;
  gint64 stream;
} Device;

static void
send_frame (Device *d, const guint8 *frame, gsize size)
{
  GBytes *bytes = g_bytes_new (frame, size);

  PF_CHECK (pf_quic_link_send (d->client.link, d->stream, bytes, FALSE));
  g_bytes_unref (bytes);
}

static void
send_message (Device *d, const PfMsgControl *m)
{
  guint8 memory[PF_MSG_CONTROL_MAX + 2];
  PfMsgQueue queue;
  uint8_t *frame;
  size_t size;

  pf_msg_queue_init (&queue, memory, sizeof memory);
  PF_REQUIRE_INT (pf_msg_queue_put (&queue, m), ==, 0);
  PF_REQUIRE (pf_msg_queue_take (&queue, &frame, &size));
  send_frame (d, frame, size);
}

static void
begin (Device *d, const Host *h)
{
  static gchar *alpn[] = { (gchar *) PF_MSG_ALPN, NULL };
  PfQuicPeer peer = { 0 };

  memset (d, 0, sizeof *d);
  quic_client_init (&d->client, FALSE);
  g_strfreev (d->client.config.tls.alpn);
  d->client.config.tls.alpn = g_strdupv (alpn);
  quic_client_connect (
      &d->client, "127.0.0.1", (guint) g_ascii_strtoull (h->port, NULL, 10));
  PF_REQUIRE (quic_end_wait (&d->client.end, &d->client.end.n_ready, 1));
  d->stream = pf_quic_link_open (d->client.link, TRUE);
  PF_REQUIRE (pf_quic_link_get_peer (d->client.link, &peer));
  pf_pairing_init (&d->pairing,
      pf_quic_identity_fingerprint (d->client.identity), peer.fingerprint);
  g_clear_pointer (&peer.certificate, g_bytes_unref);
}

static void
request (Device *d)
{
  uint8_t random[PF_SPAKE2_RANDOM];
  PfMsgControl m;

  pf_test_random_bytes (random, sizeof random);
  PF_REQUIRE_INT (
      pf_pairing_client_start (&d->pairing, "0042", "Deck", random, &m), ==, 0);
  send_message (d, &m);
}

static void
knock (Device *d)
{
  guint8 frame[PF_MSG_HELLO_MAX + 2];
  PfMsgHello hello;
  size_t size;

  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 640, 360, 30 };
  PF_REQUIRE_INT (
      pf_msg_hello_encode (&hello, frame + 2, PF_MSG_HELLO_MAX, &size), ==, 0);
  pf_msg_frame_finish (frame, size);
  send_frame (d, frame, size + 2);
}

/* What the host sent last, of this size. */
static void
receive (Device *d, gsize before, gsize size, PfMsgControl *m)
{
  PF_REQUIRE (quic_end_wait_bytes (&d->client.end, (guint) (before + size)));
  g_mutex_lock (&d->client.end.lock);
  PF_CHECK_INT (pf_msg_control_decode (
                    d->client.end.received->data + before + 2, size - 2, m),
      ==, 0);
  g_mutex_unlock (&d->client.end.lock);
}

static void
prove (Device *d, Phase phase)
{
  PfMsgControl challenge, proof, result;

  receive (d, 0, CHALLENGE_SIZE, &challenge);
  PF_REQUIRE_INT (pf_pairing_client_challenge (
                      &d->pairing, &challenge.pair_challenge, &proof),
      ==, 0);
  if (phase == CHALLENGED)
    return;
  if (phase == WRONG)
    proof.pair_proof.confirm[0] ^= 1;
  send_message (d, &proof);
  receive (d, CHALLENGE_SIZE, RESULT_SIZE, &result);
  PF_CHECK_INT (result.pair_result.ok, ==, phase == PAIRED);
}

/* ---- Phases ----------------------------------------------------------------- */

/* The host lists a device that waits. */
static void
wait_listed (const Host *h, const gchar *number)
{
  g_autofree gchar *line = g_strconcat ("waits: ", number, NULL);

  for (guint i = 0; i < 200; i++) {
    g_autofree gchar *out = NULL;

    ask_host (h, "list", NULL, NULL, &out);
    if (out && strstr (out, line))
      return;
    g_usleep (50000);
  }
  PF_CHECK (!"nobody waits");
}

static void
make_dir (Host *h)
{
  memset (h, 0, sizeof *h);
  pf_open_path_or_skip (g_getenv ("PF_HOST"));
  h->dir = g_dir_make_tmp ("pf-kill-XXXXXX", NULL);
  h->identity = g_build_filename (h->dir, "host", NULL);
  h->store = g_build_filename (h->identity, "punktfunk1-paired.json", NULL);
  if (geteuid () == 0)
    PF_REQUIRE_INT (chown (h->dir, NOBODY, NOBODY), ==, 0);
}

static void
go (const Host *h, Phase phase)
{
  Device d;

  if (phase >= CHALLENGED)
    PF_REQUIRE_INT (ask_host (h, "arm", "--no-wait", "0042\n", NULL), ==, 0);
  begin (&d, h);
  if (phase == KNOCKED)
    knock (&d);
  else
    request (&d);
  if (phase >= CHALLENGED)
    prove (&d, phase);
  else
    wait_listed (h, "");
  kill_host ((Host *) h);
  quic_client_clear (&d.client);
}

static void
check_listed (Host *h, const gchar *expected)
{
  g_autofree gchar *out = NULL;

  start_host (h);
  PF_CHECK_INT (ask_host (h, "list", NULL, NULL, &out), ==, 0);
  PF_CHECK (out && g_str_has_prefix (out, expected));
  kill_host (h);
}

static void
remove_all (const gchar *dir)
{
  const gchar *argv[] = { "/bin/rm", "-rf", dir, NULL };
  GSubprocess *rm = spawn (argv, G_SUBPROCESS_FLAGS_NONE);

  g_subprocess_wait (rm, NULL, NULL);
  g_object_unref (rm);
}

static void
clear_dir (Host *h)
{
  remove_all (h->dir);
  g_free (h->dir);
  g_free (h->identity);
  g_free (h->store);
}

static void
test_killed (void)
{
  static const gchar *const names[] = { "requested", "knocked", "challenged",
    "wrong proof" };
  Host h;

  make_dir (&h);
  for (Phase phase = REQUESTED; phase < PAIRED; phase++) {
    pf_test_note ("%s", names[phase]);
    start_host (&h);
    go (&h, phase);
    PF_CHECK (!g_file_test (h.store, G_FILE_TEST_EXISTS));
  }
  check_listed (&h, "no device is paired");
  start_host (&h);
  go (&h, PAIRED);
  PF_CHECK (g_file_test (h.store, G_FILE_TEST_EXISTS));
  check_listed (&h, "Deck");
  clear_dir (&h);
}

/* ---- Messages --------------------------------------------------------------- */

/* Sends it as one message; the host ends it with this code. */
static void
check_refused (
    const Host *h, const guint8 *message, gsize size, guint times, guint64 code)
{
  guint8 frame[256];
  Device d;

  PF_REQUIRE (size + 2 <= sizeof frame);
  memcpy (frame + 2, message, size);
  pf_msg_frame_finish (frame, size);
  begin (&d, h);
  for (guint i = 0; i < times; i++)
    send_frame (&d, frame, size + 2);
  PF_CHECK (quic_end_wait (&d.client.end, &d.client.end.n_closed, 1));
  PF_CHECK_HEX (d.client.end.end.code, ==, code);
  quic_client_clear (&d.client);
  PF_CHECK (!g_file_test (h->store, G_FILE_TEST_EXISTS));
}

static gsize
encode (const PfMsgControl *m, guint8 bytes[256])
{
  size_t n = 0;

  PF_REQUIRE_INT (pf_msg_control_encode (m, bytes, 256, &n), ==, 0);
  return n;
}

/* None of them uses a PIN up but the one that asks for it well. */
static void
test_order (void)
{
  PfMsgControl m = { .type = PF_MSG_PAIR_PROOF };
  uint8_t random[PF_SPAKE2_RANDOM] = { 7 };
  const uint8_t fp[32] = { 0 };
  guint8 bytes[256];
  PfPairing pairing;
  gsize n;
  Host h;

  make_dir (&h);
  start_host (&h);
  PF_REQUIRE_INT (ask_host (&h, "arm", "--no-wait", "0042\n", NULL), ==, 0);
  n = encode (&m, bytes);
  check_refused (&h, bytes, n, 1, PF_CLOSE_ERROR);
  m.type = PF_MSG_PAIR_RESULT;
  m.pair_result.ok = 1;
  n = encode (&m, bytes);
  check_refused (&h, bytes, n, 1, PF_CLOSE_ERROR);
  m = (PfMsgControl){ .type = PF_MSG_PAIR_REQUEST };
  n = encode (&m, bytes); /* no point of the curve */
  check_refused (&h, bytes, n, 1, PF_CLOSE_ERROR);
  pf_pairing_init (&pairing, fp, fp);
  PF_REQUIRE_INT (
      pf_pairing_client_start (&pairing, "1111", "x", random, &m), ==, 0);
  n = encode (&m, bytes);
  check_refused (&h, bytes, n - 1, 1, PF_CLOSE_ERROR);
  check_refused (&h, bytes, 4, 1, PF_CLOSE_ERROR);
  check_refused (&h, bytes, n, 2, PF_CLOSE_ERROR); /* this one does */
  PF_CHECK_INT (ask_host (&h, "disarm", NULL, NULL, NULL), ==, 0);
  g_usleep (2100 * 1000); /* between ceremonies */
  go (&h, PAIRED);
  check_listed (&h, "Deck");
  clear_dir (&h);
}

/* ---- Digits ------------------------------------------------------------------ */

typedef struct {
  const Host *host;
  const gchar *number, *digits;
} Approval;

static gpointer
approve (gpointer data)
{
  const Approval *a = data;

  return GINT_TO_POINTER (
      ask_host (a->host, "approve", a->number, a->digits, NULL));
}

/* S11, S18: the status of pair approve is the ceremony's, which is that of the
 * device whose number was named; none is guessed. */
static void
test_digits (void)
{
  Approval approval;
  Device first, second;
  PfMsgControl m, proof;
  GThread *thread;
  Host h;

  make_dir (&h);
  start_host (&h);
  approval = (Approval){ &h, "-", "0042\n" };
  PF_CHECK_INT (GPOINTER_TO_INT (approve (&approval)), ==, 1); /* nobody */
  begin (&first, &h);
  request (&first);
  wait_listed (&h, "1");
  g_usleep (2100 * 1000); /* between ceremonies */
  begin (&second, &h);
  request (&second);
  approval.number = "2";
  approval.digits = "9999\n";
  wait_listed (&h, "2");
  thread = g_thread_new ("approve", approve, &approval);
  receive (&second, 0, CHALLENGE_SIZE, &m);
  PF_CHECK_INT (
      pf_pairing_client_challenge (&second.pairing, &m.pair_challenge, &proof),
      ==, PF_ERR_AUTH);
  pf_quic_link_close (second.client.link, PF_CLOSE_ERROR, "pair done");
  PF_CHECK_INT (GPOINTER_TO_INT (g_thread_join (thread)), ==, 1);
  PF_CHECK (!g_file_test (h.store, G_FILE_TEST_EXISTS));
  quic_client_clear (&second.client);
  approval.number = "1";
  approval.digits = "0042\n";
  thread = g_thread_new ("approve", approve, &approval);
  prove (&first, PAIRED);
  PF_CHECK_INT (GPOINTER_TO_INT (g_thread_join (thread)), ==, 0);
  PF_CHECK (g_file_test (h.store, G_FILE_TEST_EXISTS));
  quic_client_clear (&first.client);
  kill_host (&h);
  clear_dir (&h);
}

/* Digits without a number, and two that wait. */
static void
test_ambiguous (void)
{
  Approval approval;
  Device first, second;
  Host h;

  make_dir (&h);
  start_host (&h);
  approval = (Approval){ &h, "-", "0042\n" };
  begin (&first, &h);
  request (&first);
  wait_listed (&h, "1");
  g_usleep (2100 * 1000);
  begin (&second, &h);
  request (&second);
  wait_listed (&h, "2");
  PF_CHECK_INT (GPOINTER_TO_INT (approve (&approval)), ==, 1);
  PF_CHECK_UINT (first.client.end.received->len, ==, 0);
  PF_CHECK_UINT (second.client.end.received->len, ==, 0);
  quic_client_clear (&first.client);
  quic_client_clear (&second.client);
  kill_host (&h);
  clear_dir (&h);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/S3/killed-host", test_killed);
  PF_TEST_ADD ("/S4/messages", test_order);
  PF_TEST_ADD ("/S11/digits", test_digits);
  PF_TEST_ADD ("/S18/ambiguous", test_ambiguous);
  return pf_test_run (argc, argv);
}
