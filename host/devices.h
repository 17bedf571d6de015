/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The devices that are paired with this host, and what each may do:
 * punktfunk1-paired.json. What is written there by others is kept.
 *
 * Thread-safety: any thread.
 */
#ifndef PF_HOST_DEVICES_H
#define PF_HOST_DEVICES_H

#include <json-glib/json-glib.h>

/* What a device may do besides watching; as on the wire. */
enum {
  PF_MAY_GAMEPAD = 0x01,
  PF_MAY_POINTER = 0x02,
  PF_MAY_KEYBOARD = 0x04,
  PF_MAY_CLIPBOARD = 0x08,
  PF_MAY_MIC = 0x10,
  PF_MAY_LAUNCH = 0x20,
  PF_MAY_ALL = 0x3f,
};

typedef struct {
  gchar *name, *fingerprint;
  guint32 grants;
  gint64 expires; /* seconds since 1970; 0: never */
  gint64 granted;
} PfDevice;

typedef struct _PfDevices PfDevices;

/* An absent file is an empty list; one that cannot be understood an error. */
PfDevices *pf_devices_open (const gchar *path, GError **error);
/* The same of what was read; ROOT is taken over. With PATH NULL nothing can be
 * changed. */
PfDevices *pf_devices_new (const gchar *path, JsonObject *root, GError **error);
void pf_devices_free (PfDevices *devices);

/* A copy, or NULL. Fingerprints are 64 digits of lower case. */
PfDevice *pf_devices_find (PfDevices *devices, const gchar *fingerprint);
/* By its name, its fingerprint or at least 8 digits of that, if there is only
 * one such device. */
PfDevice *pf_devices_guess (
    PfDevices *devices, const gchar *text, GError **error);
GPtrArray *pf_devices_list (PfDevices *devices);
guint pf_devices_n (PfDevices *devices);

/* All of these write the file; on failure nothing has changed. */

/* A device that was there keeps its rights; *KEPT says so. */
gboolean pf_devices_add (PfDevices *devices, const gchar *fingerprint,
    const gchar *name, gboolean *kept, GError **error);
gboolean pf_devices_remove (
    PfDevices *devices, const gchar *fingerprint, GError **error);
gboolean pf_devices_rename (PfDevices *devices, const gchar *fingerprint,
    const gchar *name, GError **error);
gboolean pf_devices_grant (PfDevices *devices, const gchar *fingerprint,
    guint32 grants, gint64 expires, GError **error);

void pf_device_free (PfDevice *device);
gboolean pf_device_is_expired (const PfDevice *device);

/* "pointer, keyboard"; "watch only". */
gchar *pf_grants_to_string (guint32 grants);
/* Words with commas between: view, all, or the rights by name. */
gboolean pf_grants_parse (const gchar *text, guint32 *grants);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfDevice, pf_device_free)

#endif /* PF_HOST_DEVICES_H */
