/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Parts of pf-host without a network: what an offer is bent into, what is
 * chosen for it, the local socket and who may use it, ports that are taken.
 */
#include "admin.h"
#include "offer.h"
#include "pf-runtime.h"
#include "pf-test.h"
#include "ports.h"
#include "select.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Offers -------------------------------------------------------------- */

static GstStructure *
offer_structure (guint width, guint height, guint fps, const gchar *codecs)
{
  return gst_structure_new ("PfSessionOffer", "id", G_TYPE_UINT64,
      G_GUINT64_CONSTANT (7), "width", G_TYPE_UINT, width, "height",
      G_TYPE_UINT, height, "fps", G_TYPE_UINT, fps, "codecs", G_TYPE_STRING,
      codecs, NULL);
}

/* Numbers of a stranger, 0 to the largest: always a mode that can be. */
static void
test_offer_bent (void)
{
  static const guint odd[] = { 0, 1, 15, 63, 64, 65, 719, 16384, 16385,
    G_MAXINT, G_MAXUINT };

  for (guint i = 0; i < 4000; i++) {
    g_autoptr (GstStructure) s =
        offer_structure (odd[pf_test_random_below (G_N_ELEMENTS (odd))],
            odd[pf_test_random_below (G_N_ELEMENTS (odd))],
            odd[pf_test_random_below (G_N_ELEMENTS (odd))], "h264;vp9;;h265");
    PfOffer o;

    gst_structure_set (s, "bitrate-kbps", G_TYPE_UINT,
        odd[pf_test_random_below (G_N_ELEMENTS (odd))], "depth", G_TYPE_UINT,
        odd[pf_test_random_below (G_N_ELEMENTS (odd))], "chroma", G_TYPE_UINT,
        odd[pf_test_random_below (G_N_ELEMENTS (odd))], "channels", G_TYPE_UINT,
        odd[pf_test_random_below (G_N_ELEMENTS (odd))], "name", G_TYPE_STRING,
        "a\033[31m\nb", NULL);
    PF_REQUIRE (pf_offer_read (s, &o));
    PF_CHECK (o.width >= 64 && o.width <= 16384 && o.width % 2 == 0);
    PF_CHECK (o.height >= 64 && o.height <= 16384 && o.height % 2 == 0);
    PF_CHECK (o.fps >= 1 && o.fps <= 1000);
    PF_CHECK (o.bitrate_kbps == 0 ||
              (o.bitrate_kbps >= 500 && o.bitrate_kbps <= 8000000));
    PF_CHECK (o.depth == 8 || o.depth == 10);
    PF_CHECK (o.chroma == 420 || o.chroma == 444);
    PF_CHECK (o.channels == 2 || o.channels == 6 || o.channels == 8);
    PF_CHECK_UINT (g_strv_length (o.codecs), ==, 2);
    PF_CHECK_STR (o.name, "a?[31m?b");
    pf_offer_clear (&o);
  }
}

static void
test_offer_none (void)
{
  g_autoptr (GstStructure) other = gst_structure_new_empty ("PfSessionEnded");
  g_autoptr (GstStructure) bare = gst_structure_new_empty ("PfSessionOffer");
  PfOffer o;

  PF_CHECK (!pf_offer_read (other, &o));
  PF_CHECK (!pf_offer_read (bare, &o));
}

/* ---- Choices ------------------------------------------------------------- */

/* A host with the software encoders of this machine, whose self-tests say what
 * the shell command prints. */
static void
open_select (PfSelect *s, const gchar *script, gchar **dir)
{
  const gchar *const command[] = { "/bin/sh", "-c", script, NULL };
  gchar *dirs[] = { (gchar *) g_getenv ("PF_TEST_PIPELINES"), NULL };
  g_autofree gchar *machine = g_build_filename (
      g_getenv ("PF_TEST_INVENTORIES"), "no-gpu.inventory", NULL);
  g_autofree gchar *cache = NULL;

  memset (s, 0, sizeof *s);
  *dir = g_dir_make_tmp ("pf-host-XXXXXX", NULL);
  cache = g_build_filename (*dir, "encoders", NULL);
  s->wire = "punktfunk1";
  s->catalog = pf_catalog_load (dirs, NULL);
  s->inventory = pf_inventory_load (machine, NULL);
  PF_REQUIRE (s->catalog && s->inventory);
  g_free (s->inventory->compositor);
  s->inventory->compositor = g_strdup ("test");
  s->speeds = pf_speeds_open (cache, command);
}

static void
close_select (PfSelect *s, gchar *dir)
{
  g_autofree gchar *cache = g_build_filename (dir, "encoders", NULL);

  pf_catalog_free (s->catalog);
  pf_inventory_free (s->inventory);
  pf_speeds_close (s->speeds);
  g_remove (cache);
  g_rmdir (dir);
  g_free (dir);
}

/* $0 is the fragment's name. */
#define SPEEDS                                                                 \
  "case $0 in *x265) echo 640x360@70 1280x720@12 1920x1080@5;; "               \
  "*aom) echo 640x360@23 1280x720@0 1920x1080@0;; "                            \
  "*x264) echo 640x360@500 1280x720@200 1920x1080@90;; "                       \
  "*) echo failed: not asked;; esac"

/* A slow machine: HEVC and AV1 are for small pictures, and H.264 for all. */
#define SLOW                                                                   \
  "case $0 in *x265) echo 640x360@44 1280x720@18 1920x1080@8;; "               \
  "*aom) echo 640x360@60 1280x720@22 1920x1080@11;; "                          \
  "*x264) echo 640x360@150 1280x720@67 1920x1080@31;; "                        \
  "*) echo failed: not asked;; esac"
/* The encoder of the highest rank is not the fastest. */
#define UPSIDE_DOWN                                                            \
  "case $0 in *x264) echo 640x360@70 1280x720@20 1920x1080@9;; "               \
  "*openh264) echo 640x360@300 1280x720@110 1920x1080@30;; "                   \
  "*) echo failed: not asked;; esac"

static const struct {
  const gchar *name;
  guint width, height, fps;
  const gchar *codecs, *codec;
  guint feed;
  const gchar *says; /* in the note, or in the refusal where feed is 0 */
  const gchar *speeds, *preferred, *encoder; /* NULL: none, any */
} choices[] = {
  { "slow-h264", 1280, 720, 60, "h264;h265;av1", "h264", 60, NULL, SLOW, NULL,
      NULL },
  { "slow-preferred", 1280, 720, 60, "h264;h265;av1", "h264", 60, NULL, SLOW,
      "h265", NULL },
  { "slow-less", 1920, 1080, 60, "h264;h265;av1", "h264", 24,
      "encode-x264 makes 31 frames a second of 1920x1080: fed 24 of 60", SLOW,
      NULL, NULL },
  { "slow-small", 640, 360, 30, "h264;h265;av1", "h265", 30, NULL, SLOW, NULL,
      NULL },
  { "slow-small-preferred", 640, 360, 30, "h264;h265;av1", "av1", 30, NULL,
      SLOW, "av1", NULL },
  { "slow-taken", 1280, 720, 60, "h265;av1", NULL, 0,
      "1280x720 in av1 with 22 frames a second, which is too few; 854x480 at "
      "30 works",
      SLOW, NULL, NULL },
  { "next-encoder", 1280, 720, 60, "h264", "h264", 60, NULL, UPSIDE_DOWN, NULL,
      "encode-openh264" },
  { "next-encoder-closest", 1920, 1080, 60, "h264", "h264", 24,
      "encode-openh264 makes 30 frames a second of 1920x1080: fed 24 of 60",
      UPSIDE_DOWN, NULL, "encode-openh264" },
  { "first-encoder", 640, 360, 60, "h264", "h264", 60, NULL, UPSIDE_DOWN, NULL,
      "encode-x264" },
  { "usual", 1280, 720, 60, "h264;h265;av1", "h264", 60, NULL, SPEEDS, NULL,
      NULL },
  { "small", 640, 360, 60, "h264;h265;av1", "h265", 60, NULL, SPEEDS, NULL,
      NULL },
  { "fast", 1920, 1080, 120, "h264;h265", "h264", 60,
      "encode-x264 makes 90 frames a second of 1920x1080: fed 60 of 120",
      SPEEDS, NULL, NULL },
  { "old", 1280, 720, 60, "h265", NULL, 0,
      "1280x720 in h265 with 12 frames a second, which is too few; 854x480 at "
      "24 works",
      SPEEDS, NULL, NULL },
  { "uhd", 3840, 2160, 120, "h264;h265;av1", NULL, 0,
      "3840x2160 in h264 with 22 frames a second, which is too few; 2560x1440 "
      "at 40 works",
      SPEEDS, NULL, NULL },
  { "huge", 16384, 16384, 60, "h264", NULL, 0,
      "no encoder for 16384x16384 in h264; 2560x1440 at 40 works", SPEEDS, NULL,
      NULL },
  { "slow", 640, 360, 60, "av1", NULL, 0, "no encoder for 640x360 in av1",
      SPEEDS, NULL, NULL },
  { "none", 640, 360, 60, "vp9", NULL, 0,
      "no encoder for 640x360 in any codec that the client takes", SPEEDS, NULL,
      NULL },
};

static void
test_choice (const void *data)
{
  const gsize i = (gsize) data;
  g_autoptr (GstStructure) s = offer_structure (
      choices[i].width, choices[i].height, choices[i].fps, choices[i].codecs);
  g_autoptr (GError) error = NULL;
  g_autoptr (PfGrant) grant = NULL;
  const gchar *said;
  PfSelect select;
  PfOffer offer;
  gchar *dir;

  open_select (&select, choices[i].speeds, &dir);
  gst_structure_set (s, "preferred", G_TYPE_STRING, choices[i].preferred, NULL);
  PF_REQUIRE (pf_offer_read (s, &offer));
  grant = pf_select (&select, &offer, NULL, &error);
  PF_CHECK_STR (grant ? grant->codec : NULL, choices[i].codec);
  if (grant && choices[i].encoder)
    PF_CHECK_STR (grant->encoder, choices[i].encoder);
  if (grant) {
    PF_CHECK_UINT (grant->width, ==, choices[i].width);
    PF_CHECK_UINT (grant->fps, ==, choices[i].fps);
    PF_CHECK_UINT (grant->feed_fps, ==, choices[i].feed);
    PF_CHECK (grant->plan && grant->plan->line);
  }
  said = grant ? grant->note : error->message;
  if (choices[i].says && (!said || !strstr (said, choices[i].says)))
    pf_test_fail (__FILE__, __LINE__, "\"%s\" does not say \"%s\"", said,
        choices[i].says);
  if (!choices[i].says)
    PF_CHECK_STR (said, NULL);
  pf_offer_clear (&offer);
  close_select (&select, dir);
}

static void
test_ports (void)
{
  static const gchar *const bad[] = { "", "0", "9-8", "5-", "-5", "1-65536",
    "5 - 6", "5-6x", "anything" };
  PfPorts p = { 3, 4 };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    PF_CHECK (!pf_ports_parse (bad[i], &p));
  PF_CHECK_UINT (p.first, ==, 3);
  PF_REQUIRE (pf_ports_parse (PF_HOST_DATA_PORTS, &p));
  PF_CHECK_UINT (p.first, ==, 9778);
  PF_CHECK_UINT (p.last, ==, 9797);
  PF_REQUIRE (pf_ports_parse ("50000", &p));
  PF_CHECK_UINT (p.last, ==, 50000);
  PF_REQUIRE (pf_ports_parse ("any", &p));
  PF_CHECK_UINT (p.first, ==, 0);
}

/* What no encoder does is stepped down from, and said. */
static void
test_step_down (void)
{
  g_autoptr (GstStructure) s = offer_structure (1280, 720, 60, "h264");
  g_autoptr (GError) error = NULL;
  g_autoptr (PfGrant) grant = NULL;
  PfSelect select;
  PfOffer offer;
  gchar *dir;

  open_select (&select, SPEEDS, &dir);
  gst_structure_set (
      s, "depth", G_TYPE_UINT, 10, "hdr", G_TYPE_BOOLEAN, TRUE, NULL);
  PF_REQUIRE (pf_offer_read (s, &offer));
  grant = pf_select (&select, &offer, NULL, &error);
  PF_REQUIRE (grant);
  PF_CHECK_UINT (grant->depth, ==, 8);
  PF_CHECK (!grant->hdr);
  PF_CHECK (grant->note && strstr (grant->note, "nothing here does HDR"));
  pf_offer_clear (&offer);
  close_select (&select, dir);
}

/* ---- The runtime directory ------------------------------------------------ */

static void
test_runtime (void)
{
  g_autofree gchar *base = g_dir_make_tmp ("pf-runtime-XXXXXX", NULL);
  g_autofree gchar *good = g_build_filename (base, "good", NULL);
  g_autofree gchar *open = g_build_filename (base, "open", NULL);
  g_autofree gchar *link = g_build_filename (base, "link", NULL);
  g_autofree gchar *own = g_build_filename (good, "gst-punktfunk", NULL);
  const gchar *const bad[] = { open, link, "relative", "/", "" };
  gchar *dir;

  g_mkdir (good, 0700);
  g_mkdir (open, 0700);
  g_chmod (open, 0755);
  PF_CHECK_INT (symlink (good, link), ==, 0);
  g_setenv ("XDG_RUNTIME_DIR", good, TRUE);
  dir = pf_runtime_dir (TRUE, NULL);
  PF_CHECK_STR (dir, own);
  PF_CHECK (pf_runtime_is_private (own));
  g_free (dir);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_setenv ("XDG_RUNTIME_DIR", bad[i], TRUE);
    dir = pf_runtime_dir (TRUE, NULL);
    PF_REQUIRE (dir);
    PF_CHECK (pf_runtime_is_private (dir));
    PF_CHECK (!*bad[i] || g_str_equal (bad[i], "/") ||
              !g_str_has_prefix (dir, bad[i]));
    g_free (dir);
  }
  g_unsetenv ("XDG_RUNTIME_DIR");
  dir = pf_runtime_dir (TRUE, NULL);
  PF_CHECK (dir && pf_runtime_is_private (dir));
  g_free (dir);
  /* What opened later is refused too. */
  g_setenv ("XDG_RUNTIME_DIR", good, TRUE);
  g_chmod (own, 0777);
  dir = pf_runtime_dir (TRUE, NULL);
  PF_CHECK (dir && !g_str_equal (dir, own));
  g_free (dir);
  g_rmdir (own);
  g_unlink (link);
  g_rmdir (good);
  g_rmdir (open);
  g_rmdir (base);
}

/* ---- The local socket ----------------------------------------------------- */

typedef struct {
  gchar *base;
  PfAdmin *admin;
  guint asked;
} Fixture;

static void
on_request (PfAdminCall *call, const gchar *request, gpointer data)
{
  ((Fixture *) data)->asked++;
  pf_admin_reply (call, g_strdup_printf ("{\"echo\":\"%s\"}", request));
}

static void
set_up (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  memset (f, 0, sizeof *f);
  f->base = g_dir_make_tmp ("pf-admin-XXXXXX", NULL);
  g_setenv ("XDG_RUNTIME_DIR", f->base, TRUE);
  f->admin = pf_admin_new ("1", on_request, f, &error);
  if (!f->admin)
    pf_test_fail (__FILE__, __LINE__, "%s", error->message);
  PF_REQUIRE (f->admin);
}

static void
tear_down (Fixture *f)
{
  g_autofree gchar *own = g_build_filename (f->base, "gst-punktfunk", NULL);

  pf_admin_free (f->admin);
  PF_CHECK_INT (g_rmdir (own), ==, 0); /* the socket is gone */
  g_rmdir (f->base);
  g_free (f->base);
}

typedef struct {
  const gchar *path, *request;
  gchar *reply;
  gint done; /* atomic */
} Asker;

static gpointer
ask (gpointer data)
{
  Asker *a = data;

  a->reply = pf_admin_ask (a->path, a->request, 0, NULL);
  g_atomic_int_set (&a->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

static gchar *
ask_apart (const gchar *path, const gchar *request)
{
  Asker a = { .path = path, .request = request };
  GThread *thread = g_thread_new ("ask", ask, &a);

  while (!g_atomic_int_get (&a.done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  return a.reply;
}

static void
test_admin (void)
{
  Fixture f;
  struct stat st;
  gchar *reply, **found;
  g_autofree gchar *large = g_strnfill (5000, 'x');

  set_up (&f);
  PF_CHECK_INT (lstat (pf_admin_path (f.admin), &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 0777, ==, 0600);
  reply = ask_apart (pf_admin_path (f.admin), "status");
  PF_CHECK_STR (reply, "{\"echo\":\"status\"}");
  g_free (reply);
  reply = ask_apart (pf_admin_path (f.admin), large);
  PF_CHECK_STR (reply, NULL);
  PF_CHECK_UINT (f.asked, ==, 1);
  found = pf_admin_find ();
  /* root sees those of all users */
  PF_CHECK (
      g_strv_contains ((const gchar *const *) found, pf_admin_path (f.admin)));
  g_strfreev (found);
  tear_down (&f);
}

static void
test_admin_stale (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  struct sockaddr_un at = { .sun_family = AF_UNIX };
  g_autofree gchar *path = NULL;
  int fd;

  set_up (&f);
  PF_CHECK (!pf_admin_new ("1", on_request, &f, &error));
  PF_CHECK (error && strstr (error->message, "another pf-host listens"));
  path = g_strdup (pf_admin_path (f.admin));
  pf_admin_free (f.admin);
  /* left over from one that was killed */
  fd = socket (AF_UNIX, SOCK_STREAM, 0);
  g_strlcpy (at.sun_path, path, sizeof at.sun_path);
  PF_CHECK_INT (bind (fd, (struct sockaddr *) &at, sizeof at), ==, 0);
  close (fd);
  f.admin = pf_admin_new ("1", on_request, &f, NULL);
  PF_CHECK (f.admin);
  tear_down (&f);
}

/* Who connects and says nothing is closed in time, and the others go on. */
static void
test_admin_silent (void)
{
  Fixture f;
  struct sockaddr_un at = { .sun_family = AF_UNIX };
  const gint64 begin = g_get_monotonic_time ();
  int fds[32];
  gchar *reply, byte;

  set_up (&f);
  g_strlcpy (at.sun_path, pf_admin_path (f.admin), sizeof at.sun_path);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
    fds[i] = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect (fds[i], (struct sockaddr *) &at, sizeof at) < 0) {
      close (fds[i]);
      fds[i] = -1;
    }
    g_main_context_iteration (NULL, FALSE);
  }
  while (g_get_monotonic_time () - begin < 8 * G_USEC_PER_SEC &&
         recv (fds[0], &byte, 1, 0) != 0)
    g_main_context_iteration (NULL, TRUE);
  PF_CHECK_INT (recv (fds[0], &byte, 1, 0), ==, 0);
  reply = ask_apart (pf_admin_path (f.admin), "status");
  PF_CHECK_STR (reply, "{\"echo\":\"status\"}");
  g_free (reply);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    if (fds[i] >= 0)
      close (fds[i]);
  tear_down (&f);
}

/* Even where modes let another user through, the kernel tells who it is. */
static void
test_admin_other_user (void)
{
  Fixture f;
  struct sockaddr_un at = { .sun_family = AF_UNIX };
  g_autofree gchar *own = NULL;
  int status = -1;
  pid_t pid;

  if (geteuid () != 0) {
    pf_test_note ("only root can be somebody else");
    return;
  }
  set_up (&f);
  own = g_path_get_dirname (pf_admin_path (f.admin));
  g_chmod (f.base, 0755);
  g_chmod (own, 0755);
  g_chmod (pf_admin_path (f.admin), 0666);
  g_strlcpy (at.sun_path, pf_admin_path (f.admin), sizeof at.sun_path);
  pid = fork ();
  if (pid == 0) {
    const int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    gchar reply[64];

    if (setuid (65534) < 0 ||
        connect (fd, (struct sockaddr *) &at, sizeof at) < 0)
      _exit (2);
    if (send (fd, "status\n", 7, MSG_NOSIGNAL) < 0)
      _exit (0);
    _exit (recv (fd, reply, sizeof reply, 0) > 0 ? 1 : 0);
  }
  while (waitpid (pid, &status, WNOHANG) == 0)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  PF_CHECK (WIFEXITED (status));
  PF_CHECK_INT (WEXITSTATUS (status), ==, 0);
  PF_CHECK_UINT (f.asked, ==, 0);
  tear_down (&f);
}

/* ---- Ports ---------------------------------------------------------------- */

static void
test_port (void)
{
  g_autoptr (GInetAddress) any =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) at = g_inet_socket_address_new (any, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4,
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  g_autofree gchar *owner = NULL, *process = NULL;
  guint port;

  PF_REQUIRE (g_socket_bind (socket, at, FALSE, NULL));
  bound = g_socket_get_local_address (socket, NULL);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  PF_CHECK (pf_port_is_taken ("127.0.0.1", port));
  PF_CHECK (pf_port_is_taken (NULL, port));
  owner = pf_port_owner (port);
  process = g_strdup_printf ("(process %d)", (int) getpid ());
  PF_CHECK (owner && strstr (owner, process));
  g_clear_object (&socket);
  PF_CHECK (!pf_port_is_taken ("127.0.0.1", port));
}

int
main (int argc, char **argv)
{
  char names[G_N_ELEMENTS (choices)][64];

  gst_init (&argc, &argv);
  PF_TEST_ADD ("/offer/bent", test_offer_bent);
  PF_TEST_ADD ("/offer/none", test_offer_none);
  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++) {
    g_snprintf (names[i], sizeof names[i], "/choice/%s", choices[i].name);
    pf_test_add_data (names[i], test_choice, (const void *) i);
  }
  PF_TEST_ADD ("/choice/step-down", test_step_down);
  PF_TEST_ADD ("/S52/runtime-dir", test_runtime);
  PF_TEST_ADD ("/admin/ask", test_admin);
  PF_TEST_ADD ("/admin/stale", test_admin_stale);
  PF_TEST_ADD ("/admin/silent", test_admin_silent);
  PF_TEST_ADD ("/S52/other-user", test_admin_other_user);
  PF_TEST_ADD ("/ports/taken", test_port);
  PF_TEST_ADD ("/ports/range", test_ports);
  return pf_test_run (argc, argv);
}
