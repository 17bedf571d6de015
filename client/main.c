/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-client: finds hosts and shows what they show. See pf-client.1. */
#include "discover.h"
#include "hosts.h"
#include "options.h"
#include "pf-usage.h"

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

    g_print ("%-24s %s port %u%s %s%s\n", f->name, f->address, f->port,
        f->pairing ? ", pairs" : ", open", f->fingerprint ? f->fingerprint : "",
        f->contested ? " (another one here says it is this host)" : "");
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

/* The commands, and the bits of those that know an option. */
enum { DISCOVER, PAIR, REQUEST_ACCESS, CONNECT, FORGET, N_COMMANDS };

#define TO_CONNECT (1u << CONNECT)
#define TO_PAIR (1u << PAIR)
#define TO_MEET (TO_PAIR | TO_CONNECT | 1u << REQUEST_ACCESS)
#define TO_KNOWN (TO_MEET | 1u << FORGET)

static const PfUsageCommand commands[N_COMMANDS] = {
  [DISCOVER] = { "discover", NULL, "lists hosts that announce themselves here",
      NULL },
  [PAIR] = { "pair", "HOST", "lets a host know this device, by a PIN", NULL },
  [REQUEST_ACCESS] = { "request-access", "HOST",
      "the same, when somebody at the host says yes", NULL },
  [CONNECT] = { "connect", "HOST",
      "shows a host: an address or name, with :PORT if need be",
      "In the window: Ctrl+Alt+Shift and Q quits, Z gives input back to this "
      "desktop\nor to the host, M changes between relative and absolute mouse, "
      "X fills the\nscreen, S shows figures, C hides this desktop's pointer, D "
      "minimises." },
  [FORGET] = { "forget", "HOST", "forgets what pairing has stored", NULL },
};

static gboolean
parse (PfClientOptions *o, gint *command, gchar **mode, gchar **mouse,
    int *argc, char ***argv, gchar ***words, GError **error)
{
  const PfUsageOption options[] = {
    { TO_CONNECT, { "mode", 'm', 0, G_OPTION_ARG_STRING, mode,
                      "Size and rate (1280x720@60)", "WxH@Hz" } },
    { TO_CONNECT, { "codec", 0, 0, G_OPTION_ARG_STRING, &o->codec,
                      "h264, h265 or av1 (any)", "NAME" } },
    { TO_CONNECT, { "bitrate", 0, 0, G_OPTION_ARG_INT, &o->bitrate_kbps,
                      "In kbit/s (the host's choice)", "N" } },
    { TO_CONNECT, { "channels", 0, 0, G_OPTION_ARG_INT, &o->channels,
                      "Of sound: 2, 6 or 8 (2)", "N" } },
    { TO_CONNECT, { "no-audio", 0, 0, G_OPTION_ARG_NONE, &o->no_audio,
                      "No sound", NULL } },
    { TO_MEET, { "pin-fingerprint", 0, 0, G_OPTION_ARG_STRING, &o->pin,
                   "Only this host", "HEX" } },
    { TO_CONNECT, { "tofu", 0, 0, G_OPTION_ARG_NONE, &o->tofu,
                      "Trust whoever answers the first time", NULL } },
    { TO_PAIR,
        { "show", 0, 0, G_OPTION_ARG_NONE, &o->show,
            "Show a PIN for the host instead of asking for its", NULL } },
    { TO_MEET, { "name", 0, 0, G_OPTION_ARG_STRING, &o->name, "Of this device",
                   "TEXT" } },
    { TO_KNOWN, { "identity", 0, 0, G_OPTION_ARG_FILENAME, &o->identity_dir,
                    "Directory of cert.pem and key.pem", "DIR" } },
    { TO_CONNECT, { "headless", 0, 0, G_OPTION_ARG_NONE, &o->headless,
                      "No window, no sound; measures", NULL } },
    { TO_CONNECT, { "fullscreen", 'f', 0, G_OPTION_ARG_NONE, &o->fullscreen,
                      "Nothing but the picture", NULL } },
    { TO_CONNECT,
        { "resize", 0, 0, G_OPTION_ARG_NONE, &o->resize,
            "The host's display becomes as large as the window", NULL } },
    { TO_CONNECT, { "mouse", 0, 0, G_OPTION_ARG_STRING, mouse,
                      "absolute: a place in the picture; relative: caught, as "
                      "games want it",
                      "KIND" } },
    { TO_CONNECT, { "json", 0, 0, G_OPTION_ARG_NONE, &o->json,
                      "A line of JSON every second and at the end", NULL } },
    { TO_CONNECT, { "frames", 0, 0, G_OPTION_ARG_INT, &o->frames,
                      "End after so many", "N" } },
    { TO_CONNECT, { "seconds", 0, 0, G_OPTION_ARG_INT, &o->seconds,
                      "End after so long", "N" } },
    { TO_CONNECT,
        { "remode", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->remode,
            "Another size and rate, after so many seconds", "WxH@Hz:S" } },
    { TO_CONNECT, { "rebitrate", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->rebitrate,
                      "Another bitrate; 0: the host's choice", "N:S" } },
    { TO_CONNECT,
        { "speed-test", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->speed_test,
            "Test the network with so many kbit/s, for so many milliseconds",
            "N:MS:S" } },
    { TO_CONNECT, { "pipelines", 0, 0, G_OPTION_ARG_FILENAME, &o->pipelines,
                      "Look for pipeline files there first", "DIR" } },
    { TO_CONNECT, { "use", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->use,
                      "Use this pipeline file for a role", "ROLE=NAME" } },
  };
  const PfUsage usage = { commands, N_COMMANDS, options,
    G_N_ELEMENTS (options) };

  return pf_usage_parse (&usage, command, argc, argv, words, error);
}

static int
run (PfClientOptions *options, gint command, const gchar *mode,
    const gchar *mouse, gchar **words)
{
  if (command == DISCOVER && words[1])
    pf_client_fail ("discover takes no %s", words[1]);
  else if (command == DISCOVER)
    return discover ();
  else if (!take_host (options, words))
    return 2;
  else if (command == PAIR)
    return pf_client_pair (options);
  else if (command == REQUEST_ACCESS)
    return pf_client_request_access (options);
  else if (command == CONNECT)
    return connect_host (options, mode, mouse);
  else
    return pf_client_forget (options);
  return 2;
}

static int
start (PfClientOptions *options, int argc, char **argv)
{
  const struct rlimit none = { 0, 0 };
  gint command = -1;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *mode = NULL, *mouse = NULL;
  g_auto (GStrv) words = NULL;

  setrlimit (RLIMIT_CORE, &none);
  g_unsetenv ("SSLKEYLOGFILE");
  g_unsetenv ("GNUTLS_DEBUG_LEVEL");
  /* What OpenGL draws in is then a window of ours. */
  if (g_getenv ("DISPLAY"))
    g_setenv ("GST_GL_WINDOW", "x11", FALSE);
  if (!parse (options, &command, &mode, &mouse, &argc, &argv, &words, &error)) {
    pf_client_fail ("%s", error->message);
    return 2;
  }
  gst_init (NULL, NULL);
  return run (options, command, mode, mouse, words);
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
