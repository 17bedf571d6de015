/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-host: serves this machine, or explains how it would. See pf-host.1. */
#include "options.h"
#include "ports.h"
#include "user.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
  const gchar *name;
  int (*run) (const PfOptions *options, gchar **words);
} commands[] = {
  { "serve", pf_command_serve },
  { "status", pf_command_status },
  { "pair", pf_command_pair },
  { "pipelines", pf_command_pipelines },
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

static GOptionContext *
make_context (PfOptions *o, gint *port, gchar ***words)
{
  const GOptionEntry entries[] = {
    { "listen", 'l', 0, G_OPTION_ARG_STRING, &o->listen,
        "Listen there only (everywhere)", "ADDRESS" },
    { "port", 'p', 0, G_OPTION_ARG_INT, port, "UDP port (9777)", "N" },
    { "data-ports", 0, 0, G_OPTION_ARG_STRING, &o->data_ports,
        "UDP ports of media (" PF_HOST_DATA_PORTS "), or any", "FROM-TO" },
    { "open", 0, 0, G_OPTION_ARG_NONE, &o->open,
        "Whoever can reach the port may watch and control", NULL },
    { "allow-fingerprint", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->allow,
        "Let this device in; may be given again", "HEX" },
    { "ask", 0, 0, G_OPTION_ARG_NONE, &o->ask,
        "Let devices that show digits wait, also without a terminal", NULL },
    { "approval-timeout", 0, 0, G_OPTION_ARG_INT, &o->approval,
        "Seconds that a device waits for an answer (180)", "N" },
    { "seconds", 0, 0, G_OPTION_ARG_INT, &o->seconds, "That a PIN counts (120)",
        "N" },
    { "for", 0, 0, G_OPTION_ARG_STRING, &o->device,
        "A PIN for this device alone", "HEX" },
    { "pin-stdin", 0, 0, G_OPTION_ARG_NONE, &o->stdin_pin,
        "Read the PIN, or the digits of a device, from standard input", NULL },
    { "no-wait", 0, 0, G_OPTION_ARG_NONE, &o->no_wait,
        "Do not wait until a device is paired", NULL },
    { "no-mdns", 0, 0, G_OPTION_ARG_NONE, &o->no_mdns,
        "Do not announce the host in the network", NULL },
    { "max-sessions", 0, 0, G_OPTION_ARG_INT, &o->max_sessions,
        "Clients at once (4)", "N" },
    { "keep", 0, 0, G_OPTION_ARG_INT, &o->keep_s,
        "A display waits so long for a client that vanished (30)", "SECONDS" },
    { "identity", 0, 0, G_OPTION_ARG_FILENAME, &o->identity_dir,
        "Directory of cert.pem and key.pem", "DIR" },
    { "user", 0, 0, G_OPTION_ARG_STRING, &o->user,
        "Go on as this user when started as root", "NAME" },
    { "source", 's', 0, G_OPTION_ARG_STRING, &o->source, "What is shown: test",
        "NAME" },
    { "pipelines", 0, 0, G_OPTION_ARG_FILENAME, &o->pipelines,
        "Look for pipeline files there first", "DIR" },
    { "use", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->use,
        "Use this pipeline file for a role", "ROLE=NAME" },
    { "inventory", 0, 0, G_OPTION_ARG_FILENAME, &o->inventory,
        "Choose as on the machine described there", "FILE" },
    { "codec", 0, 0, G_OPTION_ARG_STRING, &o->codec, "h264, h265 or av1",
        "NAME" },
    { "mode", 'm', 0, G_OPTION_ARG_STRING, &o->mode, "Size and rate",
        "WxH@Hz" },
    { "bitrate", 0, 0, G_OPTION_ARG_INT, &o->bitrate, "In kbit/s", "N" },
    { "depth", 0, 0, G_OPTION_ARG_INT, &o->depth, "8 or 10 bit", "N" },
    { "chroma", 0, 0, G_OPTION_ARG_INT, &o->chroma, "420 or 444", "N" },
    { "channels", 0, 0, G_OPTION_ARG_INT, &o->channels, "2, 6 or 8", "N" },
    { "hdr", 0, 0, G_OPTION_ARG_NONE, &o->hdr, "HDR10", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &o->json, "For programs", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, words, NULL,
        "COMMAND" },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (context,
      "  serve                    serves this machine until interrupted\n"
      "  status                   what a running pf-host does\n"
      "  pair arm                 lets one device pair by a PIN\n"
      "  pair list                devices that are paired, or wait\n"
      "  pair approve|deny [NUMBER]\n"
      "  pair remove|rename|grant DEVICE ...\n"
      "  pipelines list           every pipeline file, and which one is used\n"
      "  pipelines explain        why: each candidate and what it lost by\n"
      "  pipelines print          the pipeline, ready for gst-launch-1.0\n"
      "  pipelines measure [NAME] how fast encoders are here");
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
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
}

static int
run (const PfOptions *options, gchar **words)
{
  for (guint i = 0; words && i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (words[0], commands[i].name))
      return commands[i].run (options, words + 1);
  if (words)
    pf_fail ("there is no command %s; see --help", words[0]);
  else
    pf_fail ("name a command: serve, status, pair or pipelines; see --help");
  return 2;
}

static int
start (PfOptions *options, int argc, char **argv)
{
  gint port = -1;
  g_autoptr (GOptionContext) context = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;

  close_leaks ();
  context = make_context (options, &port, &words);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    pf_fail ("%s; see --help", error->message);
    return 2;
  }
  options->port_given = port >= 0;
  if (port != -1)
    options->port = port;
  /* Before any library of ours or GStreamer's does anything. */
  if (words && g_str_equal (words[0], "serve") &&
      !pf_user_leave_root (options->user, &error))
    return pf_fail ("%s", error->message);
  gst_init (NULL, NULL);
  return run (options, words);
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
    .approval = 180 };
  const int status = start (&options, argc, argv);

  options_clear (&options);
  return status;
}
