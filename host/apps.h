/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Titles that clients may start: a file of key files' grammar, one group for
 * each; see docs/gamestream.md. Commands are lists of words: quotes hold words
 * together as in a shell, nothing else means anything.
 *
 *   [big-game]
 *   title = Big Game
 *   run = /usr/games/big --fullscreen
 *   image = /usr/share/big/box.png
 *   prep = loginctl lock-session
 *   undo = loginctl unlock-session
 */
#ifndef PF_HOST_APPS_H
#define PF_HOST_APPS_H

#include <glib.h>

#define PF_APPS_MAX 500
#define PF_APP_STEPS 9

typedef struct {
  gchar **prep, **undo; /* NULL: none */
} PfAppStep;

typedef struct {
  gchar *name; /* of its group, for ever */
  gchar *title;
  guint32 id;  /* 1 to 2^31 - 1, made of the name */
  gchar **run; /* NULL: the desktop alone */
  gchar *image, *directory;
  gchar **environment; /* NAME=VALUE */
  gboolean hdr;
  PfAppStep steps[PF_APP_STEPS]; /* prep in this order, undo backwards */
  guint n_steps;
} PfApp;

typedef struct _PfApps PfApps;

/* Without a file: the desktop, and Steam where it is installed. NULL with an
 * error that names file, line and key. */
PfApps *pf_apps_load (const gchar *path, GError **error);
void pf_apps_free (PfApps *apps);

guint pf_apps_n (const PfApps *apps);
const PfApp *pf_apps_at (const PfApps *apps, guint i);
/* NULL: there is none. */
const PfApp *pf_apps_find (const PfApps *apps, guint32 id);

/* The title's picture, if it is a PNG of bearable size. */
GBytes *pf_app_image (const PfApp *app);

#endif /* PF_HOST_APPS_H */
