/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When a host takes part in a PIN ceremony: a PIN counts once and for a time,
 * ceremonies keep their distance, and after failures a fresh PIN takes the
 * place of the used one only so often. All of it in times passed in.
 *
 * A device that asks costs time before it is looked whether there is a PIN: who
 * asks again and again learns nothing by that.
 *
 * Thread-safety: one thread per PfArming.
 */
#ifndef PF_ARMING_H
#define PF_ARMING_H

#include "pf-msg-types.h"

#define PF_ARMING_PIN_MAX 8
#define PF_ARMING_DEVICE 32 /* a fingerprint */
#define PF_ARMING_GAP_NS UINT64_C (2000000000)
#define PF_ARMING_PAUSE_NS UINT64_C (60000000000)
#define PF_ARMING_FRESH 3 /* PINs after the first */
#define PF_ARMING_S_DEFAULT 120
#define PF_ARMING_S_MIN 15
#define PF_ARMING_S_MAX 600

typedef struct {
  bool armed, bound, used; /* used: a ceremony has the PIN */
  char pin[PF_ARMING_PIN_MAX + 1];
  uint8_t device[PF_ARMING_DEVICE]; /* if it is bound */
  uint64_t until_ns;                /* when the window closes */
  uint64_t gap_until_ns, pause_until_ns;
  unsigned fresh; /* PINs that are left */
} PfArming;

/* Four to eight digits: nothing else is a PIN that people type. */
bool pf_arming_is_pin (const char *pin);

/* Four digits of random bits. */
void pf_arming_make_pin (uint32_t random, char pin[PF_ARMING_PIN_MAX + 1]);

/*
 * From now on, for seconds, a device may pair by this PIN; device: only that
 * one, or NULL. What was armed before is void.
 * Errors: PF_ERR_INVALID (no PIN), PF_ERR_RANGE (seconds), PF_ERR_EXHAUSTED
 * (too many failures: paused).
 */
int pf_arming_arm (PfArming *arming, const char *pin, unsigned seconds,
    const uint8_t *device, uint64_t now_ns);
void pf_arming_disarm (PfArming *arming);

/* A device asks: its PIN, which is used up by that, and PF_CLOSE_DONE; or the
 * code to refuse with. */
PfCloseCode pf_arming_take (PfArming *arming,
    const uint8_t device[PF_ARMING_DEVICE], uint64_t now_ns,
    char pin[PF_ARMING_PIN_MAX + 1]);

/* The ceremony that took the PIN is over. True: it failed, and a fresh PIN may
 * be put in its place with pf_arming_renew(). */
bool pf_arming_done (PfArming *arming, bool paired, uint64_t now_ns);
void pf_arming_renew (PfArming *arming, const char *pin);

/* Whether the window is open; closes it when its time has come. */
bool pf_arming_is_open (PfArming *arming, uint64_t now_ns);

/* Seconds that are left of the window, or of the pause. */
unsigned pf_arming_left (const PfArming *arming, uint64_t now_ns);
unsigned pf_arming_pause_left (const PfArming *arming, uint64_t now_ns);

#endif /* PF_ARMING_H */
