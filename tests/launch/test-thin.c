/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-host and pf-client as people start them, over loopback: a picture whose
 * numbers are verified, refusals with their words, status, a taken port.
 */
#include "pf-json.h"
#include "pf-open-path.h"
#include "pf-test.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534
#define START_S 90 /* self-tests of encoders on a busy machine */

typedef struct {
  gchar *dir; /* of this test */
  GSubprocess *process;
  GDataInputStream *in; /* what it prints */
  guint port;
  gchar *fingerprint, *codecs;
} Host;

static const gchar *
program (const gchar *variable)
{
  const gchar *path = g_getenv (variable);

  PF_REQUIRE (path);
  return path;
}

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

/* What it prints, up to the word that it is ready. */
static void
read_beginning (Host *h)
{
  gchar *line;

  while ((line = g_data_input_stream_read_line (h->in, NULL, NULL, NULL))) {
    const gchar *port = "listens on UDP port ";

    pf_test_note ("host: %s", line);
    if (g_str_has_prefix (line, port))
      h->port = (guint) g_ascii_strtoull (line + strlen (port), NULL, 10);
    if (g_str_has_prefix (line, "fingerprint "))
      h->fingerprint = g_strdup (line + strlen ("fingerprint "));
    if (g_str_has_prefix (line, "encodes "))
      h->codecs = g_strdup (line + strlen ("encodes "));
    if (g_str_equal (line, "ready"))
      break;
    g_free (line);
  }
  g_free (line);
  PF_REQUIRE (h->port && h->fingerprint);
}

/* With words before the program's name, if there are any, and behind. */
static void
spawn_host (Host *h, const gchar *const *before, const gchar *const *behind)
{
  g_autofree gchar *identity = g_build_filename (h->dir, "identity", NULL);
  const gchar *const words[] = { program ("PF_HOST"), "serve", "--source",
    "test", "--open", "--no-mdns", "--listen", "127.0.0.1", "--port", "0",
    "--identity", identity, NULL };
  const gchar *const *const parts[] = { before, words, behind };
  const gchar *argv[32] = { NULL };
  guint at = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    for (guint k = 0; parts[i] && parts[i][k]; k++) {
      PF_REQUIRE_UINT (at, <, G_N_ELEMENTS (argv) - 1);
      argv[at++] = parts[i][k];
    }
  h->process = spawn (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  h->in = g_data_input_stream_new (g_subprocess_get_stdout_pipe (h->process));
  g_filter_input_stream_set_close_base_stream (
      G_FILTER_INPUT_STREAM (h->in), FALSE);
  read_beginning (h);
}

static void
make_dir (Host *h)
{
  memset (h, 0, sizeof *h);
  pf_open_path_or_skip (program ("PF_HOST"));
  h->dir = g_dir_make_tmp ("pf-thin-XXXXXX", NULL);
  if (geteuid () == 0)
    PF_REQUIRE_INT (chown (h->dir, NOBODY, NOBODY), ==, 0);
}

/* With one more option and its value, or NULL. */
static void
start_host_with (Host *h, const gchar *option, const gchar *value)
{
  const gchar *const nobody[] = { "--user", "nobody", option, value, NULL };

  make_dir (h);
  spawn_host (h, NULL, geteuid () == 0 ? nobody : nobody + 2);
}

static void
start_host (Host *h)
{
  start_host_with (h, NULL, NULL);
}

static void
end_host (Host *h)
{
  g_subprocess_send_signal (h->process, 15);
  PF_CHECK (g_subprocess_wait (h->process, NULL, NULL));
  PF_CHECK (g_subprocess_get_if_exited (h->process));
  PF_CHECK_INT (g_subprocess_get_exit_status (h->process), ==, 0);
  g_object_unref (h->in);
  g_object_unref (h->process);
  g_clear_pointer (&h->fingerprint, g_free);
  g_clear_pointer (&h->codecs, g_free);
}

static void
stop_host (Host *h)
{
  const gchar *argv[] = { "/bin/rm", "-rf", h->dir, NULL };
  GSubprocess *rm;

  end_host (h);
  rm = spawn (argv, G_SUBPROCESS_FLAGS_NONE);
  g_subprocess_wait (rm, NULL, NULL);
  g_object_unref (rm);
  g_free (h->dir);
}

typedef struct {
  int status;
  gchar *out, *err;
} Said;

static void
said_clear (Said *said)
{
  g_free (said->out);
  g_free (said->err);
}

/* With more words, NULL at the end. */
static Said
run_client_with (const Host *h, const gchar *mode, const gchar *const *more)
{
  g_autofree gchar *address = g_strdup_printf ("127.0.0.1:%u", h->port);
  g_autofree gchar *identity = g_build_filename (h->dir, "client", NULL);
  const gchar *argv[32] = { program ("PF_CLIENT"), "connect", address,
    "--headless", "--json", "--tofu", "--mode", mode, "--identity", identity,
    NULL };
  guint at = 10;
  GSubprocess *process;
  Said said = { 0 };

  while (*more && at < G_N_ELEMENTS (argv) - 1)
    argv[at++] = *more++;
  process = spawn (
      argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_communicate_utf8 (
      process, NULL, NULL, &said.out, &said.err, NULL);
  said.status = g_subprocess_get_if_exited (process)
                    ? g_subprocess_get_exit_status (process)
                    : -1;
  g_object_unref (process);
  return said;
}

static Said
run_client (const Host *h, const gchar *mode, const gchar *pin)
{
  const gchar *more[] = { "--frames", "60", pin ? "--pin-fingerprint" : NULL,
    pin, NULL };

  return run_client_with (h, mode, more);
}

/* Until the host says so, and not these other words before (NULL: none), after
 * how many ms. */
static gint64
wait_for_words (Host *h, const gchar *words, const gchar *never)
{
  const gint64 begin = g_get_monotonic_time ();
  gboolean found = FALSE, good = TRUE;
  gchar *line;

  while (!found && good &&
         (line = g_data_input_stream_read_line (h->in, NULL, NULL, NULL))) {
    pf_test_note ("host: %s", line);
    found = strstr (line, words) != NULL;
    good = !never || !strstr (line, never);
    g_free (line);
  }
  PF_CHECK (good);
  PF_CHECK (found || !good);
  return (g_get_monotonic_time () - begin) / 1000;
}

static gint64
wait_for_line (Host *h, const gchar *words)
{
  return wait_for_words (h, words, NULL);
}

static gint64
number (const PfJsonDoc *doc, const gchar *object, const gchar *name)
{
  const PfJson *at = pf_json_root (doc);
  int64_t value = -1;

  if (object)
    at = pf_json_member (at, object);
  pf_json_int64 (pf_json_member (at, name), &value);
  return value;
}

static PfJsonDoc *
last_line (const gchar *out)
{
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);
  const gchar *last = "";

  for (guint i = 0; lines[i]; i++)
    if (*lines[i])
      last = lines[i];
  return pf_json_parse (last, strlen (last), NULL, 0);
}

/* Microseconds from the capture of a frame to a stage; -1: not known. */
static gint64
stage_us (const PfJsonDoc *doc, const gchar *stage)
{
  const PfJson *at = pf_json_member (pf_json_root (doc), "stages-us");
  int64_t value = -1;

  at = pf_json_member (pf_json_member (at, stage), "since-capture");
  pf_json_int64 (pf_json_member (at, "p50"), &value);
  return value;
}

/* Both programs together know every stage, in this order. */
static void
check_stages (const PfJsonDoc *doc)
{
  static const gchar *const stages[] = { "encoded", "first-packet",
    "last-packet", "reassembled", "decoded", "presented" };
  gint64 before = 1;

  for (guint i = 0; i < G_N_ELEMENTS (stages); i++) {
    const gint64 us = stage_us (doc, stages[i]);

    pf_test_note ("%s after %lld us", stages[i], (long long) us);
    PF_CHECK_INT (us, >=, before);
    before = us;
  }
}

/* Frames come, each with the number after the one before, nothing lost on the
 * way. What a busy machine did not encode was left out before the encoder. */
static void
test_picture (void)
{
  PfJsonDoc *doc;
  Said said;
  Host h;

  start_host (&h);
  said = run_client (&h, "640x360@30", h.fingerprint);
  pf_test_note ("%s", said.err);
  PF_CHECK_INT (said.status, ==, 0);
  doc = last_line (said.out);
  PF_REQUIRE (doc);
  PF_CHECK_INT (number (doc, NULL, "presented"), >=, 60);
  PF_CHECK_INT (number (doc, NULL, "verified"), >=, 30);
  PF_CHECK_INT (number (doc, NULL, "unreadable"), ==, 0);
  PF_CHECK_INT (number (doc, NULL, "backwards"), ==, 0);
  PF_CHECK_INT (number (doc, "fec", "frames-lost"), ==, 0);
  check_stages (doc);
  pf_test_note ("first frame after %lld ms, %lld left out",
      (long long) number (doc, NULL, "first-frame-ms"),
      (long long) number (doc, NULL, "missing"));
  pf_json_free (doc);
  said_clear (&said);
  stop_host (&h);
}

/* A codec comes through, where this machine is fast enough to offer it. */
static void
test_codec (const void *data)
{
  const gchar *codec = data;
  const gchar *more[] = { "--codec", codec, "--frames", "30", NULL };
  gboolean offered;
  PfJsonDoc *doc;
  Said said;
  Host h;

  start_host (&h);
  offered = h.codecs && strstr (h.codecs, codec) != NULL;
  if (offered) {
    said = run_client_with (&h, "320x240@24", more);
    pf_test_note ("%s", said.err);
    PF_CHECK_INT (said.status, ==, 0);
    doc = last_line (said.out);
    PF_REQUIRE (doc);
    PF_CHECK (strstr (said.out, "\"type\":\"summary\",\"codec\":\"") != NULL);
    PF_CHECK (strstr (said.out, codec) != NULL);
    PF_CHECK_INT (number (doc, NULL, "presented"), >=, 30);
    PF_CHECK_INT (number (doc, NULL, "verified"), >=, 15);
    PF_CHECK_INT (number (doc, NULL, "unreadable"), ==, 0);
    PF_CHECK_INT (number (doc, NULL, "backwards"), ==, 0);
    PF_CHECK_INT (number (doc, "fec", "frames-lost"), ==, 0);
    pf_json_free (doc);
    said_clear (&said);
  }
  stop_host (&h);
  if (!offered)
    pf_test_skip ("this machine makes less than 24 frames a second in it");
}

/* Takes another result of the self-tests for true. */
static void
set_speed (GKeyFile *file, const gchar *encoder, const gchar *speed)
{
  if (g_key_file_has_group (file, encoder))
    g_key_file_set_string (file, encoder, "speed", speed);
}

/* On a machine that is slow in HEVC and AV1 a client gets H.264 at its rate,
 * and with HEVC alone a refusal. The host is one that keeps its results. */
static void
test_slow (void)
{
  const gchar *more[] = { "--frames", "20", NULL };
  const gchar *h265[] = { "--codec", "h265", NULL };
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *cache = NULL, *path = NULL;
  PfJsonDoc *doc;
  Said said;
  Host h;

  make_dir (&h);
  cache = g_strconcat ("XDG_CACHE_HOME=", h.dir, NULL);
  path = g_build_filename (h.dir, "gst-punktfunk", "encoders", NULL);
  {
    const gchar *const before[] = { "/usr/bin/setpriv", "--reuid=65534",
      "--regid=65534", "--clear-groups", "/usr/bin/env", cache, NULL };
    const gchar *const *const as = geteuid () == 0 ? before : before + 4;

    spawn_host (&h, as, NULL);
    end_host (&h);
    PF_REQUIRE (g_key_file_load_from_file (file, path, 0, NULL));
    PF_REQUIRE (g_key_file_has_group (file, "encode-x264"));
    set_speed (file, "encode-x265", "640x360@44.0 1280x720@18.0 1920x1080@8.0");
    set_speed (file, "encode-aom", "640x360@60.0 1280x720@22.0 1920x1080@11.0");
    set_speed (
        file, "encode-x264", "640x360@400.0 1280x720@90.0 1920x1080@70.0");
    PF_REQUIRE (g_key_file_save_to_file (file, path, NULL));
    PF_REQUIRE_INT (chmod (path, 0644), ==, 0);
    spawn_host (&h, as, NULL);
  }
  said = run_client_with (&h, "1280x720@60", more);
  pf_test_note ("%s", said.err);
  PF_CHECK_INT (said.status, ==, 0);
  doc = last_line (said.out);
  PF_REQUIRE (doc);
  PF_CHECK (strstr (said.out, "\"type\":\"summary\",\"codec\":\"h264\""));
  PF_CHECK_INT (number (doc, NULL, "presented"), >=, 20);
  if (said.status == 0)
    wait_for_line (&h, "1280x720 at 60 in h264 by encode-x264");
  pf_json_free (doc);
  said_clear (&said);
  if (g_key_file_has_group (file, "encode-x265") && strstr (h.codecs, "h265")) {
    said = run_client_with (&h, "1280x720@60", h265);
    PF_CHECK_INT (said.status, ==, 1);
    PF_CHECK (strstr (said.err, "1280x720 in h265 with 18 frames a second"));
    said_clear (&said);
  }
  stop_host (&h);
}

/* Sound of 7.1 is decoded beside the picture. */
static void
test_channels (void)
{
  const gchar *more[] = { "--channels", "8", "--frames", "30", NULL };
  PfJsonDoc *doc;
  Said said;
  Host h;

  start_host (&h);
  said = run_client_with (&h, "320x240@24", more);
  pf_test_note ("%s", said.err);
  PF_CHECK_INT (said.status, ==, 0);
  doc = last_line (said.out);
  PF_REQUIRE (doc);
  PF_CHECK_INT (number (doc, NULL, "presented"), >=, 30);
  PF_CHECK_INT (number (doc, "receiver", "audio"), >=, 30);
  pf_json_free (doc);
  said_clear (&said);
  stop_host (&h);
}

/* Too much for any encoder here: refused with a mode that works. */
static void
test_too_much (void)
{
  Said said;
  Host h;

  start_host (&h);
  said = run_client (&h, "7680x4320@120", NULL);
  PF_CHECK_INT (said.status, ==, 1);
  PF_CHECK (said.err && strstr (said.err, "which is too few"));
  pf_test_note ("%s", said.err);
  said_clear (&said);
  stop_host (&h);
}

static void
test_wrong_pin (void)
{
  static const gchar pin[] =
      "abababababababababababababababababababababababababababababababab";
  Said said;
  Host h;

  start_host (&h);
  said = run_client (&h, "640x360@30", pin);
  PF_CHECK_INT (said.status, ==, 1);
  PF_CHECK (strstr (said.out, "\"presented\":0,"));
  pf_test_note ("%s", said.err);
  said_clear (&said);
  stop_host (&h);
}

/* A second host on the port ends at once, and says who has it. */
static void
test_taken (void)
{
  g_autofree gchar *port = NULL, *out = NULL, *err = NULL, *wanted = NULL;
  gint64 begin;
  GSubprocess *process;
  Host h;

  start_host (&h);
  port = g_strdup_printf ("%u", h.port);
  {
    const gchar *argv[] = { program ("PF_HOST"), "serve", "--source", "test",
      "--no-mdns", "--listen", "127.0.0.1", "--port", port,
      geteuid () == 0 ? "--user" : NULL, "nobody", NULL };

    begin = g_get_monotonic_time ();
    process = spawn (
        argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  }
  g_subprocess_communicate_utf8 (process, NULL, NULL, &out, &err, NULL);
  pf_test_note ("after %lld ms: %s",
      (long long) (g_get_monotonic_time () - begin) / 1000, err);
  PF_CHECK_INT (g_subprocess_get_exit_status (process), ==, 1);
  wanted = g_strdup_printf ("UDP port %u is taken by", h.port);
  PF_CHECK (err && strstr (err, wanted) && strstr (err, "--port N"));
  g_object_unref (process);
  stop_host (&h);
}

static guint
count_text (const gchar *text, const gchar *word)
{
  guint n = 0;

  for (const gchar *at = text; (at = strstr (at, word)); at += strlen (word))
    n++;
  return n;
}

/* One stream through modes and bitrates: each picture has the number after the
 * one before, no key was changed, and what cannot be is refused. */
static void
test_changes (void)
{
  const gchar *more[] = { "--codec", "h264", "--remode", "854x480@30:1",
    "--remode", "640x360@30:2", "--remode", "8192x4320@120:3", "--rebitrate",
    "3000:3.5", "--speed-test", "20000:300:4", "--seconds", "5", NULL };
  PfJsonDoc *doc;
  Said said;
  Host h;

  start_host (&h);
  said = run_client_with (&h, "640x360@30", more);
  pf_test_note ("%s", said.err);
  PF_CHECK_INT (said.status, ==, 0);
  PF_CHECK_UINT (count_text (said.out, "\"accepted\":true"), ==, 2);
  PF_CHECK_UINT (count_text (said.out, "\"accepted\":false"), ==, 1);
  PF_CHECK_UINT (count_text (said.out, "\"bitrate-kbps\":3000}"), ==, 1);
  PF_CHECK_UINT (count_text (said.out, "\"type\":\"speed-test\""), ==, 1);
  doc = last_line (said.out);
  PF_REQUIRE (doc);
  PF_CHECK_INT (number (doc, NULL, "size-changes"), ==, 2);
  PF_CHECK_INT (number (doc, NULL, "unreadable"), ==, 0);
  PF_CHECK_INT (number (doc, NULL, "backwards"), ==, 0);
  PF_CHECK_INT (number (doc, "fec", "frames-lost"), ==, 0);
  PF_CHECK_INT (number (doc, "fec", "filler-packets"), >, 100);
  PF_CHECK_INT (number (doc, "receiver", "keyframe-requests"), ==, 0);
  pf_test_note ("%lld us between old and new picture, %lld left out",
      (long long) number (doc, "size-changes-us", "worst"),
      (long long) number (doc, NULL, "missing"));
  pf_json_free (doc);
  said_clear (&said);
  stop_host (&h);
}

static GSubprocess *
start_client (const Host *h, const gchar *device)
{
  g_autofree gchar *address = g_strdup_printf ("127.0.0.1:%u", h->port);
  g_autofree gchar *identity = g_build_filename (h->dir, device, NULL);
  const gchar *argv[] = { program ("PF_CLIENT"), "connect", address,
    "--headless", "--tofu", "--mode", "640x360@30", "--codec", "h264",
    "--identity", identity, NULL };

  return spawn (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
}

static void
end_client (GSubprocess *client)
{
  g_subprocess_force_exit (client);
  g_subprocess_wait (client, NULL, NULL);
  g_object_unref (client);
}

/* A client that stops is missed within 3 s and taken back at once; one that
 * dies finds its display as it was, which is nobody else's; and one that stays
 * away is forgotten. */
static void
test_vanish (void)
{
  GSubprocess *client;
  gint64 ms, begin;
  Host h;

  start_host_with (&h, "--keep", "8");
  client = start_client (&h, "client");
  wait_for_line (&h, "640x360 at 30 in h264");
  g_usleep (2 * G_USEC_PER_SEC); /* it watches for a while */
  g_subprocess_send_signal (client, 19 /* SIGSTOP */);
  ms = wait_for_line (&h, "not heard");
  pf_test_note ("missed after %lld ms", (long long) ms);
  PF_CHECK_INT (ms, <=, 3000);
  g_subprocess_send_signal (client, 18 /* SIGCONT */);
  ms = wait_for_line (&h, "is back");
  PF_CHECK_INT (ms, <=, 3000);
  /* QUIC lives for three of its probe timeouts at least, and has to learn
   * anew how long a round trip takes */
  g_usleep (2 * G_USEC_PER_SEC);
  end_client (client);
  ms = wait_for_line (&h, "not heard");
  PF_CHECK_INT (ms, <=, 3500);
  ms += wait_for_line (&h, "waits for its return");
  pf_test_note ("its connection lived for %lld ms", (long long) ms);
  PF_CHECK_INT (ms, >=, 7000);
  PF_CHECK_INT (ms, <=, 11000);
  client = start_client (&h, "client");
  wait_for_line (&h, "goes on with session 1");
  end_client (client);
  wait_for_line (&h, "waits for its return");
  /* not another device's, and be it as if it were the same */
  begin = g_get_monotonic_time ();
  client = start_client (&h, "stranger");
  wait_for_words (&h, "640x360 at 30 in h264", "goes on with");
  wait_for_line (&h, "did not return");
  ms = (g_get_monotonic_time () - begin) / 1000;
  PF_CHECK_INT (ms, >=, 7000);
  PF_CHECK_INT (ms, <=, 10000);
  end_client (client);
  stop_host (&h);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/thin/picture", test_picture);
  pf_test_add_data ("/thin/h265", test_codec, "h265");
  PF_TEST_ADD ("/thin/slow", test_slow);
  PF_TEST_ADD ("/thin/channels", test_channels);
  PF_TEST_ADD ("/thin/changes", test_changes);
  PF_TEST_ADD ("/thin/vanish", test_vanish);
  PF_TEST_ADD ("/thin/too-much", test_too_much);
  PF_TEST_ADD ("/thin/wrong-pin", test_wrong_pin);
  PF_TEST_ADD ("/thin/taken", test_taken);
  return pf_test_run (argc, argv);
}
