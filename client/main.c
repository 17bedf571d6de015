/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-client: finds hosts and shows what they show. See pf-client.1. */
#include "discover.h"
#include "hosts.h"
#include "options.h"

#include <gst/gst.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define LOOK_S 3

int
pf_client_fail (const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "pf-client: %s\n", text);
  return 1;
}

static int
discover (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = pf_discover (LOOK_S, &error);

  if (!found)
    return pf_client_fail ("%s", error->message);
  for (guint i = 0; i < found->len; i++) {
    const PfFound *f = g_ptr_array_index (found, i);

    g_print ("%-24s %s port %u%s %s\n", f->name, f->address, f->port,
        f->pairing ? ", pairs" : ", open",
        f->fingerprint ? f->fingerprint : "");
  }
  if (found->len == 0)
    g_print ("no host announces itself here\n");
  return 0;
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS6]:PORT or a bare IPv6 address. */
static gboolean
split_host (PfClientOptions *o)
{
  const gchar *colon = strrchr (o->host, ':');
  guint64 port = PF_CLIENT_PORT;

  if (o->host[0] == '[') {
    const gchar *end = strchr (o->host, ']');

    if (!end || (end[1] && end[1] != ':'))
      return FALSE;
    o->address = g_strndup (o->host + 1, (gsize) (end - o->host - 1));
    colon = end[1] ? end + 1 : NULL;
  } else if (colon && strchr (o->host, ':') == colon) {
    o->address = g_strndup (o->host, (gsize) (colon - o->host));
  } else {
    o->address = g_strdup (o->host);
    colon = NULL;
  }
  if (colon &&
      !g_ascii_string_to_unsigned (colon + 1, 10, 1, 65535, &port, NULL))
    return FALSE;
  o->port = (guint) port;
  return *o->address != '\0';
}

static gboolean
read_mode (PfClientOptions *o, const gchar *mode)
{
  int end = -1;

  if (!mode)
    return TRUE;
  if (sscanf (mode, "%5ux%5u%n", &o->width, &o->height, &end) != 2 || end < 0)
    return FALSE;
  if (mode[end] == '\0')
    return TRUE;
  mode += end;
  end = -1;
  return sscanf (mode, "@%4u%n", &o->fps, &end) == 1 && end > 0 &&
         mode[end] == '\0' && o->fps > 0;
}

static gboolean
take_host (PfClientOptions *o, gchar **words)
{
  if (!words[1] || words[2]) {
    pf_client_fail ("%s takes one host; see --help", words[0]);
    return FALSE;
  }
  o->host = words[1];
  if (split_host (o))
    return TRUE;
  pf_client_fail ("%s is no HOST or HOST:PORT", o->host);
  return FALSE;
}

/* A host is known by its fingerprint, or told what to be trusted by. */
static gboolean
take_pin (PfClientOptions *o)
{
  g_autofree gchar *dir = pf_hosts_dir (o->identity_dir);
  g_autoptr (GError) error = NULL;

  if (o->pin)
    return TRUE;
  o->pin = pf_hosts_find (dir, o->address, o->port, &error);
  if (error)
    pf_client_fail ("%s: %s", o->host, error->message);
  else if (!o->pin && !o->tofu)
    pf_client_fail ("%s is not known here: pf-client pair %s, or "
                    "request-access; --tofu trusts whoever answers",
        o->host, o->host);
  return !error && (o->pin || o->tofu);
}

static int
connect_host (PfClientOptions *o, const gchar *mode, const gchar *mouse)
{
  if (!take_pin (o))
    return 1;
  if (!read_mode (o, mode))
    return pf_client_fail ("--mode %s: WIDTHxHEIGHT@HZ", mode);
  if (mouse && !g_str_equal (mouse, "absolute") &&
      !g_str_equal (mouse, "relative"))
    return pf_client_fail ("--mouse %s: absolute or relative", mouse);
  o->relative = mouse && g_str_equal (mouse, "relative");
  if (o->codec && !g_str_equal (o->codec, "h264") &&
      !g_str_equal (o->codec, "h265") && !g_str_equal (o->codec, "av1"))
    return pf_client_fail ("--codec %s: h264, h265 or av1", o->codec);
  return pf_client_connect (o);
}

static GOptionContext *
make_context (PfClientOptions *o, gchar **mode, gchar **mouse, gchar ***words)
{
  const GOptionEntry entries[] = {
    { "mode", 'm', 0, G_OPTION_ARG_STRING, mode, "Size and rate (1280x720@60)",
        "WxH@Hz" },
    { "codec", 0, 0, G_OPTION_ARG_STRING, &o->codec, "h264, h265 or av1 (any)",
        "NAME" },
    { "bitrate", 0, 0, G_OPTION_ARG_INT, &o->bitrate_kbps,
        "In kbit/s (the host's choice)", "N" },
    { "channels", 0, 0, G_OPTION_ARG_INT, &o->channels,
        "Of sound: 2, 6 or 8 (2)", "N" },
    { "no-audio", 0, 0, G_OPTION_ARG_NONE, &o->no_audio, "No sound", NULL },
    { "pin-fingerprint", 0, 0, G_OPTION_ARG_STRING, &o->pin, "Only this host",
        "HEX" },
    { "tofu", 0, 0, G_OPTION_ARG_NONE, &o->tofu,
        "Trust whoever answers the first time", NULL },
    { "show", 0, 0, G_OPTION_ARG_NONE, &o->show,
        "pair: show a PIN for the host instead of asking for its", NULL },
    { "name", 0, 0, G_OPTION_ARG_STRING, &o->name, "Of this device", "TEXT" },
    { "identity", 0, 0, G_OPTION_ARG_FILENAME, &o->identity_dir,
        "Directory of cert.pem and key.pem", "DIR" },
    { "headless", 0, 0, G_OPTION_ARG_NONE, &o->headless,
        "No window, no sound; measures", NULL },
    { "fullscreen", 'f', 0, G_OPTION_ARG_NONE, &o->fullscreen,
        "Nothing but the picture", NULL },
    { "mouse", 0, 0, G_OPTION_ARG_STRING, mouse,
        "absolute: a place in the picture; relative: caught, as games want it",
        "KIND" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &o->json,
        "A line of JSON every second and at the end", NULL },
    { "frames", 0, 0, G_OPTION_ARG_INT, &o->frames, "End after so many", "N" },
    { "seconds", 0, 0, G_OPTION_ARG_INT, &o->seconds, "End after so long",
        "N" },
    { "remode", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->remode,
        "Another size and rate, after so many seconds", "WxH@Hz:S" },
    { "rebitrate", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->rebitrate,
        "Another bitrate; 0: the host's choice", "N:S" },
    { "speed-test", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->speed_test,
        "Test the network with so many kbit/s, for so many milliseconds",
        "N:MS:S" },
    { "pipelines", 0, 0, G_OPTION_ARG_FILENAME, &o->pipelines,
        "Look for pipeline files there first", "DIR" },
    { "use", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->use,
        "Use this pipeline file for a role", "ROLE=NAME" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, words, NULL,
        "COMMAND" },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (context,
      "  discover      hosts that announce themselves in this network\n"
      "  pair HOST     lets a host know this device, by a PIN\n"
      "  request-access HOST\n"
      "                the same by somebody at the host\n"
      "  connect HOST  shows a host; HOST is an address or name, with :PORT "
      "if need be\n"
      "  forget HOST   what pair and request-access have stored");
  g_option_context_set_description (context,
      "In the window: Ctrl+Alt+Shift and Q quits, Z gives input back to this "
      "desktop\nor to the host, M changes between relative and absolute mouse, "
      "X fills the\nscreen, S shows figures, C hides this desktop's pointer, D "
      "minimises.");
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
}

static const struct {
  const gchar *name;
  int (*run) (const PfClientOptions *options);
} commands[] = {
  { "pair", pf_client_pair },
  { "request-access", pf_client_request_access },
  { "forget", pf_client_forget },
};

static int
start (PfClientOptions *options, int argc, char **argv)
{
  const struct rlimit none = { 0, 0 };
  g_autoptr (GOptionContext) context = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *mode = NULL, *mouse = NULL;
  g_auto (GStrv) words = NULL;

  setrlimit (RLIMIT_CORE, &none);
  g_unsetenv ("SSLKEYLOGFILE");
  g_unsetenv ("GNUTLS_DEBUG_LEVEL");
  /* What OpenGL draws in is then a window of ours. */
  if (g_getenv ("DISPLAY"))
    g_setenv ("GST_GL_WINDOW", "x11", FALSE);
  context = make_context (options, &mode, &mouse, &words);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    pf_client_fail ("%s; see --help", error->message);
    return 2;
  }
  gst_init (NULL, NULL);
  if (words && g_str_equal (words[0], "discover") && !words[1])
    return discover ();
  for (guint i = 0; words && i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (words[0], commands[i].name))
      return take_host (options, words) ? commands[i].run (options) : 2;
  if (words && g_str_equal (words[0], "connect"))
    return take_host (options, words) ? connect_host (options, mode, mouse) : 2;
  pf_client_fail ("name a command: discover, pair, request-access, connect or "
                  "forget; see --help");
  return 2;
}

static void
options_clear (PfClientOptions *o)
{
  gchar **const texts[] = { &o->address, &o->pin, &o->name, &o->identity_dir,
    &o->codec, &o->pipelines };
  gchar **const lists[] = { o->remode, o->rebitrate, o->speed_test, o->use };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    g_strfreev (lists[i]);
}

int
main (int argc, char **argv)
{
  PfClientOptions options = {
    .width = 1280, .height = 720, .fps = 60, .channels = 2
  };
  const int status = start (&options, argc, argv);

  options_clear (&options);
  return status;
}
