/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who may come in: paired devices, devices that knock and wait for somebody to
 * approve them, and PIN ceremonies. Packets are the server element's, which
 * posts what this is asked and takes what it answers. All in the main thread
 * but pf_trust_authorize().
 */
#ifndef PF_HOST_TRUST_H
#define PF_HOST_TRUST_H

#include "admin.h"
#include "devices.h"

#include <gst/gst.h>

#define PF_TRUST_PENDING 32
#define PF_TRUST_PENDING_ADDRESS 8

/* What a client is told when it is closed; see docs/sessions.md. */
#define PF_CODE_ERROR 0x01
#define PF_CODE_BUSY 0x42
#define PF_CODE_NO_IDENTITY 0x63
#define PF_CODE_DENIED 0x64
#define PF_CODE_SUPERSEDED 0x66
#define PF_CODE_SETUP 0x68
#define PF_CODE_EXPIRED 0x69
#define PF_CODE_LAUNCH 0x6a

typedef struct {
  const gchar *store; /* file of the paired devices */
  gboolean open;      /* everybody may come in */
  gchar **allow;      /* fingerprints that may */
  gboolean ask;       /* somebody can be asked for a client's digits */
} PfTrustConfig;

/* A device that waits for people. */
typedef struct {
  guint number; /* by which people name it */
  gchar *fingerprint, *name, *peer;
  gint64 since_us;
  guint64 knock, ceremony; /* its sessions; 0: none */
  gboolean guest;          /* by another protocol */
} PfPending;

typedef struct {
  /* PENDING is new, or has changed, or is NULL: one has gone. */
  void (*pending) (gpointer user, const PfPending *pending);
  /* What a device may do has changed: code is not 0 if that is nothing. */
  void (*access) (gpointer user, const gchar *fingerprint, guint32 grants,
      gint64 expires, guint code);
} PfTrustFuncs;

/* Ceremonies of another protocol, in which devices show digits too. Their
 * numbers are those of PfGuest, never 0. */
typedef struct {
  /* Somebody typed a device's digits: pf_trust_guest_ended() follows. */
  void (*pin) (gpointer user, guint32 id, const gchar *pin);
  /* It is sent away. */
  void (*dismiss) (gpointer user, guint32 id);
} PfGuestFuncs;

typedef struct _PfTrust PfTrust;

/* SERVER may not be NULL once messages come. */
PfTrust *pf_trust_new (const PfTrustConfig *config, const PfTrustFuncs *funcs,
    gpointer user, GError **error);
void pf_trust_set_server (PfTrust *trust, GstElement *server);
void pf_trust_free (PfTrust *trust);
PfDevices *pf_trust_devices (PfTrust *trust);

/* In any thread: as the server's signal authorize asks. */
gint pf_trust_authorize (PfTrust *trust, const GstStructure *peer);

/* An element message of the server: whether it was all for this. */
gboolean pf_trust_message (PfTrust *trust, const GstStructure *structure);

/* What a device that is let in may do; 0, or the code to refuse with. */
guint pf_trust_access (PfTrust *trust, const gchar *fingerprint,
    gboolean launches, guint32 *grants, gint64 *expires);

/* ---- Another protocol ---------------------------------------------------- */

/* DEVICES are those that are paired by it, and stay the caller's. NULL: no
 * more. */
void pf_trust_set_guests (PfTrust *trust, PfDevices *devices,
    const PfGuestFuncs *funcs, gpointer user);
PfDevices *pf_trust_guest_devices (PfTrust *trust);

/* A ceremony waits for digits. The fingerprint is what the device claims. */
void pf_trust_guest_wait (PfTrust *trust, guint32 id, const gchar *fingerprint,
    const gchar *name, const gchar *peer);
/* It is over; REASON is why it is not paired, or NULL. KEPT: it was paired
 * before. */
void pf_trust_guest_ended (
    PfTrust *trust, guint32 id, gboolean kept, const gchar *reason);

/* ---- What people do ------------------------------------------------------ */

/* The oldest one with a higher number; NULL: there is none. */
const PfPending *pf_trust_next_pending (PfTrust *trust, guint after);
const PfPending *pf_trust_find_pending (PfTrust *trust, guint number);
guint pf_trust_n_pending (PfTrust *trust);

/* How something ended that takes time; DEVICE may be NULL. Called once. */
typedef struct {
  gboolean paired;
  const gchar *name, *fingerprint, *peer; /* NULL: nobody tried */
  gboolean kept;       /* it was paired: rights are as before */
  const gchar *reason; /* why not */
  const gchar *pin;    /* of an armed window: the one from now on, or NULL */
  guint serial;        /* and its number */
} PfPairOutcome;
typedef void (*PfPairDone) (gpointer user, const PfPairOutcome *outcome);

/* The digits that the device shows. FALSE with an error, and DONE is not
 * called: this device has asked for no PIN. */
gboolean pf_trust_pair (PfTrust *trust, guint number, const gchar *pin,
    PfPairDone done, gpointer user, GError **error);
/* Admits a device without a PIN, and pairs it. */
gboolean pf_trust_approve (PfTrust *trust, guint number, GError **error);
gboolean pf_trust_deny (PfTrust *trust, guint number, GError **error);

/* PIN NULL: one is made. The serial number, or 0 with an error. */
guint pf_trust_arm (PfTrust *trust, const gchar *pin, guint seconds,
    const gchar *fingerprint, GError **error);
void pf_trust_disarm (PfTrust *trust);
/* The PIN that is armed, until the next call, or NULL. */
const gchar *pf_trust_pin (PfTrust *trust, guint *serial, guint *seconds);
/* When that PIN has been used or is void; at once if it is already. */
void pf_trust_watch (
    PfTrust *trust, guint serial, PfPairDone done, gpointer user);
/* Nothing is told any more to this user. */
void pf_trust_forget (PfTrust *trust, gpointer user);

/* A paired device, of any protocol, as pf_devices_guess() finds it. */
PfDevice *pf_trust_guess (PfTrust *trust, const gchar *text, GError **error);
gboolean pf_trust_rename (PfTrust *trust, const gchar *fingerprint,
    const gchar *name, GError **error);
gboolean pf_trust_remove (
    PfTrust *trust, const gchar *fingerprint, GError **error);
gboolean pf_trust_grant (PfTrust *trust, const gchar *fingerprint,
    guint32 grants, gint64 expires, GError **error);

#endif /* PF_HOST_TRUST_H */
