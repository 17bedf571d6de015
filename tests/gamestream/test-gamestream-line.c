/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The line that streams by itself, as a person types it, and a client that
 * knows no more than what its session file says: pictures in order, sound with
 * the tone that was played, with all of it encrypted, and with no more than
 * control.
 */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../integration/pf-launch.h"
#include "gs-client.h"
#include "gs-viewer.h"
#include "pf-test.h"

#define WAIT_MS 20000
#define TONE 440
#define FRAMES 60
#define SOUNDS 200
#define OPUS                                                                   \
  "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0,"               \
  "stream-count=1,coupled-count=1"
#define H264 "video/x-h264,stream-format=byte-stream,alignment=au"

static gchar *dir;
static const gchar *const *line_settings;

typedef struct {
  PfLaunch *launch;
  int watch;
  gchar *file;
} Line;

static gchar **
make_argv (const gchar *host, const gchar *client, const gchar *encryption,
    const gchar *file)
{
  g_autofree gchar *text = g_strdup_printf (
      "pfvdisplaysrc backend=test ! "
      "video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! "
      "x264enc tune=zerolatency speed-preset=ultrafast threads=1 bitrate=1000 "
      "key-int-max=1000 ! video/x-h264,profile=constrained-baseline ! "
      "h264parse ! pffecenc ! pfaesgcm ! gamestreamrtsp name=g address=%s "
      "client=%s port=0 video-port=0 control-port=0 audio-port=0 "
      "encryption=%s session-file=%s audiotestsrc is-live=true freq=%u ! "
      "audio/x-raw,channels=2 ! audioconvert ! pfopusenc ! g.audio",
      host, client, encryption, file, TONE);

  return g_strsplit (text, " ", -1);
}

static void
line_start (
    Line *l, const gchar *host, const gchar *client, const gchar *encryption)
{
  g_auto (GStrv) argv = NULL;
  const PfLaunchOptions options = { .directory = dir,
    .settings = line_settings };

  l->file = g_build_filename (dir, "session.gs", NULL);
  argv = make_argv (host, client, encryption, l->file);
  l->watch = gs_client_watch (dir);
  PF_REQUIRE (l->watch >= 0);
  l->launch = pf_launch_start ((const gchar *const *) argv, &options);
  PF_REQUIRE (l->launch != NULL);
  if (!gs_client_wait_file (l->watch, l->file, WAIT_MS)) {
    g_autofree gchar *output = pf_launch_output (l->launch);

    pf_test_note ("%s", output);
    PF_REQUIRE (FALSE);
  }
}

static void
line_stop (Line *l)
{
  pf_launch_interrupt (l->launch);
  PF_CHECK_INT (pf_launch_end (l->launch, WAIT_MS), ==, 0);
  pf_launch_free (l->launch);
  close (l->watch);
  g_remove (l->file);
  g_free (l->file);
}

static void
on_video (GsClient *client, const PfEvent *e, void *viewer)
{
  (void) client;
  if (e->type == PF_EVENT_FRAME)
    gs_viewer_video (viewer, e->unit, e->unit_size);
}

static void
on_audio (GsClient *client, const PfGsAudioEvent *e, void *viewer)
{
  (void) client;
  if (e->n_lost == 0)
    gs_viewer_audio (viewer, e->opus, e->size);
}

static void
check_file_mode (const gchar *file)
{
  struct stat st;

  PF_REQUIRE_INT (stat (file, &st), ==, 0);
  PF_CHECK_UINT (st.st_mode & 0777, ==, 0600);
}

/* One client after its session file, until it has seen and heard enough. */
static void
watch (
    const gchar *host, const gchar *file, guint32 encryption, guint packet_size)
{
  GsClientConfig config = {
    .host = host, .video = on_video, .audio = on_audio
  };
  GsClientStats stats;
  GsViewed viewed;
  GsViewer *viewer = gs_viewer_new (H264, OPUS, FALSE);
  GsClient *c;

  PF_REQUIRE (gs_client_load (&config, file));
  check_file_mode (file);
  config.user = viewer;
  config.announce.width = 640;
  config.announce.height = 360;
  config.announce.fps = 30;
  config.announce.encryption = encryption;
  config.announce.packet_size = packet_size;
  c = gs_client_new (&config);
  PF_REQUIRE_UINT (gs_client_shake (c, PF_GS_STEP_DONE), ==, 200);
  gs_client_start (c, GS_ALL);
  PF_CHECK (gs_client_wait_connected (c, WAIT_MS));
  PF_CHECK (gs_viewer_wait (viewer, FRAMES, WAIT_MS));
  PF_CHECK (gs_client_wait_audio (c, SOUNDS, WAIT_MS));
  gs_client_stats (c, &stats);
  gs_client_free (c); /* it says goodbye */
  gs_viewer_get (viewer, &viewed);
  pf_test_note ("frame %u first, after %" G_GUINT64_FORMAT
                " ms, sound after %" G_GUINT64_FORMAT " ms",
      stats.first_frame, stats.first_video_ns / PF_MS,
      stats.first_audio_ns / PF_MS);
  PF_CHECK_UINT (viewed.wrong, ==, 0);
  PF_CHECK_UINT (viewed.width, ==, 640);
  PF_CHECK_UINT (viewed.height, ==, 360);
  PF_CHECK_UINT (stats.frames_lost, ==, 0);
  PF_CHECK_UINT (stats.audio_lost, ==, 0);
  PF_CHECK_UINT (stats.not_authentic, ==, 0);
  /* from the picture to its packets: something, and less than a second */
  PF_CHECK_UINT (stats.latency_us, >, 0);
  PF_CHECK_UINT (stats.latency_us / stats.frames, <, 1000000);
  for (guint i = 0; i < 2; i++) {
    PF_CHECK_UINT (gs_viewer_tone (viewer, i), >, TONE - 20);
    PF_CHECK_UINT (gs_viewer_tone (viewer, i), <, TONE + 20);
  }
  gs_viewer_free (viewer);
}

static void
test_encrypted (void)
{
  Line l;

  line_start (&l, "127.0.0.1", "127.0.0.1", "required");
  watch ("127.0.0.1", l.file, PF_GS_ENC_ALL, 1360);
  line_stop (&l);
}

/* And with another key for who comes next. */
static void
test_plain (void)
{
  g_autofree gchar *before = NULL, *after = NULL;
  Line l;

  line_start (&l, "127.0.0.1", "127.0.0.1", "optional");
  PF_REQUIRE (g_file_get_contents (l.file, &before, NULL, NULL));
  watch ("127.0.0.1", l.file, PF_GS_ENC_CONTROL_V2, 1392);
  PF_REQUIRE (gs_client_wait_file (l.watch, l.file, WAIT_MS));
  PF_REQUIRE (g_file_get_contents (l.file, &after, NULL, NULL));
  PF_CHECK (strcmp (before, after) != 0);
  watch ("127.0.0.1", l.file, PF_GS_ENC_CONTROL_V2 | PF_GS_ENC_AUDIO, 1024);
  line_stop (&l);
}

static void
test_six (void)
{
  Line l;

  line_start (&l, "::1", "::1", "required");
  watch ("::1", l.file, PF_GS_ENC_ALL, 1152);
  line_stop (&l);
}

/* At the highest levels of what is said about sessions, none of it is the key;
 * and the file is a new one, whatever had its name. */
static void
test_secrets (void)
{
  static const gchar *const settings[] = {
    "GST_DEBUG=default:9,gamestream*:9,pfaesgcm:9,pffecenc:9,query:9,event:9,"
    "caps:9,"
    "structure:9",
    "GST_DEBUG_NO_COLOR=1", NULL
  };
  g_autofree gchar *other = g_build_filename (dir, "other", NULL);
  g_autofree gchar *link = g_build_filename (dir, "session.gs", NULL);
  g_autofree gchar *output = NULL, *key = NULL, *small = NULL, *text = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  Line l;

  PF_REQUIRE (g_file_set_contents (other, "untouched", -1, NULL));
  g_remove (link);
  PF_REQUIRE_INT (symlink (other, link), ==, 0);
  line_settings = settings;
  line_start (&l, "127.0.0.1", "127.0.0.1", "required");
  line_settings = NULL;
  PF_REQUIRE (g_key_file_load_from_file (file, l.file, 0, NULL));
  key = g_key_file_get_string (file, "session", "rikey", NULL);
  PF_REQUIRE (key && strlen (key) == 32);
  watch ("127.0.0.1", l.file, PF_GS_ENC_ALL, 1360);
  output = pf_launch_output (l.launch);
  line_stop (&l);
  small = g_ascii_strdown (output, -1);
  PF_CHECK (strstr (small, "gamestreamrtsp") != NULL);
  PF_CHECK (strstr (small, key) == NULL);
  PF_REQUIRE (g_file_get_contents (other, &text, NULL, NULL));
  PF_CHECK_STR (text, "untouched");
  g_remove (other);
}

/* Whose media may not be plain. */
static void
test_refused (void)
{
  GsClientConfig config = { .host = "127.0.0.1" };
  GsClient *c;
  Line l;

  line_start (&l, "127.0.0.1", "127.0.0.1", "required");
  PF_REQUIRE (gs_client_load (&config, l.file));
  config.announce.encryption = PF_GS_ENC_CONTROL_V2;
  c = gs_client_new (&config);
  PF_CHECK_UINT (gs_client_shake (c, PF_GS_STEP_DONE), ==, 403);
  gs_client_free (c);
  line_stop (&l);
}

int
main (int argc, char **argv)
{
  int ret;

  gst_init (NULL, NULL);
  dir = g_dir_make_tmp ("pf-gamestream-XXXXXX", NULL);
  g_assert (dir);
  PF_TEST_ADD ("/line/encrypted", test_encrypted);
  PF_TEST_ADD ("/line/plain", test_plain);
  PF_TEST_ADD ("/line/ipv6", test_six);
  PF_TEST_ADD ("/line/refused", test_refused);
  PF_TEST_ADD ("/line/secrets", test_secrets);
  ret = pf_test_run (argc, argv);
  {
    g_autofree gchar *file = g_build_filename (dir, "session.gs", NULL);

    g_remove (file);
    g_rmdir (dir);
    g_free (dir);
  }
  return ret;
}
