/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-probe: looks at parts of the protocol from outside. See pf-probe.1. */
#include <stdio.h>
#include <string.h>

#include "pf.h"
#include "probe-loss.h"

static const struct {
  const char *name, *summary;
  int (*main) (int argc, char **argv);
} commands[] = {
  { "loss", "what FEC restores on a lossy channel", probe_loss_main },
};

static void
usage (FILE *to)
{
  size_t i;

  fputs ("Usage: pf-probe COMMAND [OPTION...]\n\nCommands:\n", to);
  for (i = 0; i < sizeof commands / sizeof commands[0]; i++)
    fprintf (to, "  %-8s %s\n", commands[i].name, commands[i].summary);
  fputs ("\n`pf-probe COMMAND --help` has the options of a command,\n"
         "`pf-probe --version` the version.\n",
      to);
}

int
main (int argc, char **argv)
{
  size_t i;

  if (argc < 2) {
    usage (stderr);
    return 2;
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0) {
    usage (stdout);
    return 0;
  }
  if (strcmp (argv[1], "--version") == 0) {
    printf ("pf-probe %s\n", pf_version ());
    return 0;
  }
  for (i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      return commands[i].main (argc - 1, argv + 1);
  fprintf (
      stderr, "pf-probe: %s: no such command; --help lists them\n", argv[1]);
  return 2;
}
