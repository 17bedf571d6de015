/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The local socket by which pf-host is asked and told things: 0600, in a
 * directory that is ours alone, and only for processes of the same user (or
 * root, who can do everything anyway). A request is one line, the answer is
 * one JSON object in one line.
 */
#ifndef PF_HOST_ADMIN_H
#define PF_HOST_ADMIN_H

#include <gio/gio.h>

typedef struct _PfAdmin PfAdmin;

/* One request, and who waits for its answer. */
typedef struct _PfAdminCall PfAdminCall;

/* Answers with pf_admin_reply(), now or later. */
typedef void (*PfAdminFunc) (
    PfAdminCall *call, const gchar *request, gpointer user);

/* TEXT is JSON without line ends, and is taken over. Once for each call. */
void pf_admin_reply (PfAdminCall *call, gchar *text);
/* The answer may take so long. GONE is called if the other end leaves or the
 * time is over before that: then no answer is to be given. */
void pf_admin_wait (PfAdminCall *call, guint seconds,
    void (*gone) (PfAdminCall *call, gpointer user), gpointer user);

/* A socket of this NAME in the runtime directory. NULL if there is none to be
 * had, or another process listens there. */
PfAdmin *pf_admin_new (
    const gchar *name, PfAdminFunc answer, gpointer user, GError **error);
void pf_admin_free (PfAdmin *admin);
const gchar *pf_admin_path (const PfAdmin *admin);

/* The other end: sends a request and waits at most so long, or, for 0, a few
 * seconds. */
gchar *pf_admin_ask (
    const gchar *path, const gchar *request, guint seconds, GError **error);
/* The sockets of all hosts that this user has running; root: that any has. */
gchar **pf_admin_find (void);

#endif /* PF_HOST_ADMIN_H */
