/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The gst-launch-1.0 lines of the documentation, and what is exchanged in
 * them, by rule and not line by line, so that they run anywhere and end:
 *
 *   - a sink that shows or plays something is a fakesink, and each fakesink
 *     tells of each buffer (silent=false);
 *   - ports are free ports of this machine, the same one for the same number;
 *   - files are in a directory of the run, the same one for the same path;
 *   - addresses that are kept for documentation (192.0.2.0/24, 2001:db8::/32)
 *     are 127.0.0.1 and ::1.
 *
 * A line is an indented line of a .md file, or one between |[ and ]| in the
 * section comment of a .c file, that begins with gst-launch-1.0, maybe behind
 * ./pf run; a backslash or an exclamation mark at its end continues it.
 */
#ifndef DOC_LINES_H
#define DOC_LINES_H

#include <glib.h>

typedef enum { DOC_ALONE, DOC_SENDER, DOC_RECEIVER } DocRole;

typedef struct {
  gchar *file; /* from the top of the tree */
  guint number;
  gchar *text; /* one line, without the program's name */
  DocRole role;
  gchar *port; /* as written; NULL: none */
  gboolean sealed;
  gchar *key_file;     /* as written, or NULL */
  gchar *session_file; /* the same: a client of GameStream is to come */
  gboolean punches;
  gboolean listens; /* a sender that must be there first */
  gboolean follows; /* a receiver that ends when its sender does */
} DocLine;

/* What is exchanged in the lines of one run. */
typedef struct DocRun DocRun;

/* All lines of the tree, in order: DocLine. */
GPtrArray *doc_lines_find (const gchar *top);

/* One line that is not in a file. */
DocLine *doc_line_new (const gchar *file, guint number, const gchar *text);
void doc_line_free (DocLine *line);

DocRun *doc_run_new (const gchar *directory);
void doc_run_free (DocRun *run);

/* The free port that this one became. */
guint doc_run_port (DocRun *run, const gchar *port);

/* This one is free already and stays. */
void doc_run_keep_port (DocRun *run, const gchar *port);

/* The file that this one became, to be freed. */
gchar *doc_run_file (DocRun *run, const gchar *path);

/* The words to run, with everything exchanged. */
gchar **doc_run_argv (DocRun *run, const DocLine *line, const gchar *options);

#endif /* DOC_LINES_H */
