/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Key files with a memory for where each key stands, so that every complaint
 * can name file, line and key. The grammar is that of GKeyFile without its
 * locales: [group], key=value, comments on lines of their own. Values are
 * taken as they stand: backslashes mean nothing here. Stricter than GKeyFile:
 * a group or key that comes twice in one file is an error.
 */
#ifndef PF_CONF_H
#define PF_CONF_H

#include <glib.h>

#define PF_LAUNCH_ERROR (pf_launch_error_quark ())

typedef enum {
  PF_LAUNCH_ERROR_FILE,   /* cannot be read */
  PF_LAUNCH_ERROR_SYNTAX, /* can be read, says nothing valid */
  PF_LAUNCH_ERROR_VALUE,  /* a value outside its range */
  PF_LAUNCH_ERROR_NONE,   /* no fragment fits */
  PF_LAUNCH_ERROR_PARSE,  /* GStreamer refuses the joined text */
} PfLaunchError;

GQuark pf_launch_error_quark (void);

typedef struct {
  gchar *file;
  guint line;
  gchar *group, *key, *value;
} PfConfEntry;

typedef struct {
  GPtrArray *entries; /* PfConfEntry, in file order */
} PfConf;

/* NULL on failure. */
PfConf *pf_conf_load (const gchar *path, GError **error);
/* The same of text in memory; NAME is what complaints call it. */
PfConf *pf_conf_parse (
    const gchar *name, const gchar *text, gsize size, GError **error);
void pf_conf_free (PfConf *conf);

/* Keys of OVER replace those of CONF where they stand; new ones come last.
 * OVER is used up. */
void pf_conf_override (PfConf *conf, PfConf *over);

/* NULL if there is none. */
const PfConfEntry *pf_conf_find (
    const PfConf *conf, const gchar *group, const gchar *key);

/* Sets an error that begins "FILE:LINE: [GROUP] KEY: ". */
void pf_conf_complain (const PfConfEntry *entry, GError **error,
    const gchar *format, ...) G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfConf, pf_conf_free)

#endif /* PF_CONF_H */
