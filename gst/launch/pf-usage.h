/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Command lines of programs with commands: each command knows its own options,
 * and --help after it tells only of these. */
#ifndef PF_USAGE_H
#define PF_USAGE_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *name;
  const gchar *words; /* what stands behind it, "HOST", or NULL */
  const gchar *what;  /* a line for the list of commands */
  const gchar *more;  /* lines below its options, or NULL */
} PfUsageCommand;

typedef struct {
  guint commands; /* a bit for each that knows it: 1 << its place */
  GOptionEntry entry;
} PfUsageOption;

typedef struct {
  const PfUsageCommand *commands;
  guint n_commands;
  const PfUsageOption *options;
  guint n_options;
} PfUsage;

/* The first word of ARGV that belongs to no option names the COMMAND. Takes its
 * options out of ARGV, and what is left, the command's name first, into WORDS.
 * --version and --help print and end the program; without a command --help tells
 * of all. An error says where to read on. */
gboolean pf_usage_parse (const PfUsage *usage, gint *command, int *argc,
    char ***argv, gchar ***words, GError **error);

G_END_DECLS

#endif /* PF_USAGE_H */
