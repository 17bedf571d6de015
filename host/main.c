/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-host: serves this machine, or explains how it would. See pf-host.1. */
#include "gamestream.h"
#include "options.h"
#include "pf-usage.h"
#include "ports.h"
#include "user.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* The commands, and the bits of those that know an option. */
enum { SERVE, STATUS, PAIR, PIPELINES, N_COMMANDS };

#define TO_SERVE (1u << SERVE)
#define TO_STATUS (1u << STATUS)
#define TO_PAIR (1u << PAIR)
#define TO_CHOOSE (1u << PIPELINES)

static const PfUsageCommand commands[N_COMMANDS] = {
  [SERVE] = { "serve", NULL, "serves this machine until interrupted", NULL },
  [STATUS] = { "status", NULL, "tells what a running pf-host does", NULL },
  [PAIR] = { "pair", "[WHAT]", "says who may connect",
      "  pair arm                 lets one device pair by a PIN\n"
      "  pair disarm              not any more\n"
      "  pair list                devices that are paired, or wait\n"
      "  pair approve|deny [NUMBER]\n"
      "  pair pin [NUMBER]        the digits that a device shows\n"
      "  pair rename DEVICE NAME\n"
      "  pair grant DEVICE RIGHTS [EXPIRY]\n"
      "  pair remove DEVICE" },
  [PIPELINES] = { "pipelines", "[WHAT]", "explains what encodes, and why",
      "  pipelines list           every pipeline file, and which one is used\n"
      "  pipelines explain        each candidate and what it lost by\n"
      "  pipelines print          the pipeline, ready for gst-launch-1.0\n"
      "  pipelines measure [NAME] how fast encoders are here" },
};

static int (*const run[N_COMMANDS]) (const PfOptions *, gchar **) = {
  [SERVE] = pf_command_serve,
  [STATUS] = pf_command_status,
  [PAIR] = pf_command_pair,
  [PIPELINES] = pf_command_pipelines,
};

int
pf_fail (const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "pf-host: %s\n", text);
  return 1;
}

static gboolean
parse (PfOptions *o, gint *command, gint *port, int *argc, char ***argv,
    gchar ***words, GError **error)
{
  const PfUsageOption options[] = {
    { TO_SERVE, { "listen", 'l', 0, G_OPTION_ARG_STRING, &o->listen,
                    "Listen there only (everywhere)", "ADDRESS" } },
    { TO_SERVE | TO_PAIR,
        { "port", 'p', 0, G_OPTION_ARG_INT, port, "UDP port (9777)", "N" } },
    { TO_SERVE, { "data-ports", 0, 0, G_OPTION_ARG_STRING, &o->data_ports,
                    "UDP ports of media (" PF_HOST_DATA_PORTS "), or any",
                    "FROM-TO" } },
    { TO_SERVE,
        { "open", 0, 0, G_OPTION_ARG_NONE, &o->open,
            "Whoever can reach the port may watch and control", NULL } },
    { TO_SERVE,
        { "allow-fingerprint", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->allow,
            "Let this device in; may be given again", "HEX" } },
    { TO_SERVE,
        { "ask", 0, 0, G_OPTION_ARG_NONE, &o->ask,
            "Let devices that show digits wait, also without a terminal",
            NULL } },
    { TO_SERVE, { "approval-timeout", 0, 0, G_OPTION_ARG_INT, &o->approval,
                    "Seconds that a device waits for an answer (180)", "N" } },
    { TO_PAIR, { "seconds", 0, 0, G_OPTION_ARG_INT, &o->seconds,
                   "That a PIN counts (120)", "N" } },
    { TO_PAIR, { "for", 0, 0, G_OPTION_ARG_STRING, &o->device,
                   "A PIN for this device alone", "HEX" } },
    { TO_PAIR,
        { "pin-stdin", 0, 0, G_OPTION_ARG_NONE, &o->stdin_pin,
            "Read the PIN, or the digits of a device, from standard input",
            NULL } },
    { TO_PAIR, { "no-wait", 0, 0, G_OPTION_ARG_NONE, &o->no_wait,
                   "Do not wait until a device is paired", NULL } },
    { TO_SERVE, { "no-mdns", 0, 0, G_OPTION_ARG_NONE, &o->no_mdns,
                    "Do not announce the host in the network", NULL } },
    { TO_SERVE, { "gamestream", 0, 0, G_OPTION_ARG_NONE, &o->gamestream,
                    "Serve Moonlight clients too", NULL } },
    { TO_SERVE,
        { "gamestream-port", 0, 0, G_OPTION_ARG_INT, &o->gamestream_port,
            "Port of its HTTP, from which all others follow (47989)", "N" } },
    { TO_SERVE, { "allow-plain", 0, 0, G_OPTION_ARG_NONE, &o->allow_plain,
                    "Let Moonlight clients do without encryption", NULL } },
    { TO_SERVE, { "max-sessions", 0, 0, G_OPTION_ARG_INT, &o->max_sessions,
                    "Clients at once (4)", "N" } },
    { TO_SERVE, { "keep", 0, 0, G_OPTION_ARG_INT, &o->keep_s,
                    "A display waits so long for a client that vanished (30)",
                    "SECONDS" } },
    { TO_SERVE, { "identity", 0, 0, G_OPTION_ARG_FILENAME, &o->identity_dir,
                    "Directory of cert.pem and key.pem", "DIR" } },
    { TO_SERVE, { "user", 0, 0, G_OPTION_ARG_STRING, &o->user,
                    "Go on as this user when started as root", "NAME" } },
    { TO_SERVE | TO_CHOOSE, { "source", 's', 0, G_OPTION_ARG_STRING, &o->source,
                                "What is shown: test", "NAME" } },
    { TO_SERVE | TO_CHOOSE,
        { "pipelines", 0, 0, G_OPTION_ARG_FILENAME, &o->pipelines,
            "Look for pipeline files there first", "DIR" } },
    { TO_SERVE | TO_CHOOSE,
        { "use", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->use,
            "Use this pipeline file for a role", "ROLE=NAME" } },
    { TO_SERVE | TO_CHOOSE,
        { "inventory", 0, 0, G_OPTION_ARG_FILENAME, &o->inventory,
            "Choose as on the machine described there", "FILE" } },
    { TO_CHOOSE, { "codec", 0, 0, G_OPTION_ARG_STRING, &o->codec,
                     "h264, h265 or av1", "NAME" } },
    { TO_CHOOSE, { "mode", 'm', 0, G_OPTION_ARG_STRING, &o->mode,
                     "Size and rate", "WxH@Hz" } },
    { TO_CHOOSE,
        { "bitrate", 0, 0, G_OPTION_ARG_INT, &o->bitrate, "In kbit/s", "N" } },
    { TO_SERVE | TO_CHOOSE,
        { "depth", 0, 0, G_OPTION_ARG_INT, &o->depth, "8 or 10 bit", "N" } },
    { TO_SERVE | TO_CHOOSE,
        { "chroma", 0, 0, G_OPTION_ARG_INT, &o->chroma, "420 or 444", "N" } },
    { TO_SERVE | TO_CHOOSE, { "channels", 0, 0, G_OPTION_ARG_INT, &o->channels,
                                "2, 6 or 8", "N" } },
    { TO_SERVE | TO_CHOOSE,
        { "hdr", 0, 0, G_OPTION_ARG_NONE, &o->hdr, "HDR10", NULL } },
    { TO_STATUS | TO_PAIR,
        { "json", 0, 0, G_OPTION_ARG_NONE, &o->json, "For programs", NULL } },
  };
  const PfUsage usage = { commands, N_COMMANDS, options,
    G_N_ELEMENTS (options) };

  return pf_usage_parse (&usage, command, argc, argv, words, error);
}

/* Nothing of a session may end in a core file; the TLS library writes its
 * secrets where nobody asked it to unless these are gone. */
static void
close_leaks (void)
{
  const struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  g_unsetenv ("SSLKEYLOGFILE");
  g_unsetenv ("GNUTLS_DEBUG_LEVEL");
  /* What GIO's TLS takes otherwise, on request, is 1.0 and 1.1. */
  g_setenv ("G_TLS_GNUTLS_PRIORITY",
      "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", TRUE);
}

static int
start (PfOptions *options, int argc, char **argv)
{
  gint command = -1;
  gint port = -1;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;

  close_leaks ();
  if (!parse (options, &command, &port, &argc, &argv, &words, &error)) {
    pf_fail ("%s", error->message);
    return 2;
  }
  options->port_given = port >= 0;
  if (port != -1)
    options->port = port;
  /* Before any library of ours or GStreamer's does anything. */
  if (command == SERVE && !pf_user_leave_root (options->user, &error))
    return pf_fail ("%s", error->message);
  gst_init (NULL, NULL);
  return run[command](options, words + 1);
}

static void
options_clear (PfOptions *o)
{
  gchar **const texts[] = { &o->listen, &o->data_ports, &o->user,
    &o->identity_dir, &o->source, &o->pipelines, &o->inventory, &o->codec,
    &o->mode, &o->device };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  g_strfreev (o->allow);
  g_strfreev (o->use);
}

int
main (int argc, char **argv)
{
  PfOptions options = { .port = PF_HOST_PORT,
    .depth = 8,
    .chroma = 420,
    .channels = 2,
    .max_sessions = 4,
    .keep_s = 30,
    .gamestream_port = PF_GS_PORT,
    .approval = 180 };
  const int status = start (&options, argc, argv);

  options_clear (&options);
  return status;
}
