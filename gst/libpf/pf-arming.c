/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When a host takes part in a PIN ceremony.
 */
#include "pf-arming.h"

#include <string.h>

#include "pf-wipe.h"

#define SECOND UINT64_C (1000000000)

void
pf_arming_make_pin (uint32_t random, char pin[PF_ARMING_PIN_MAX + 1])
{
  random %= 10000;
  for (int i = 3; i >= 0; i--) {
    pin[i] = (char) ('0' + random % 10);
    random /= 10;
  }
  pin[4] = '\0';
}

bool
pf_arming_is_pin (const char *pin)
{
  const size_t n = strspn (pin, "0123456789");

  return n >= 4 && n <= PF_ARMING_PIN_MAX && pin[n] == '\0';
}

static void
put_pin (PfArming *a, const char *pin)
{
  memset (a->pin, 0, sizeof a->pin);
  memcpy (a->pin, pin, strlen (pin));
  a->used = false;
}

int
pf_arming_arm (PfArming *arming, const char *pin, unsigned seconds,
    const uint8_t *device, uint64_t now_ns)
{
  PfArming *a = arming;

  if (!pf_arming_is_pin (pin))
    return PF_ERR_INVALID;
  if (seconds < PF_ARMING_S_MIN || seconds > PF_ARMING_S_MAX)
    return PF_ERR_RANGE;
  if (now_ns < a->pause_until_ns)
    return PF_ERR_EXHAUSTED;
  pf_arming_disarm (a);
  put_pin (a, pin);
  a->armed = true;
  a->bound = device != NULL;
  if (device)
    memcpy (a->device, device, sizeof a->device);
  a->until_ns = now_ns + seconds * SECOND;
  a->fresh = PF_ARMING_FRESH;
  return 0;
}

void
pf_arming_disarm (PfArming *arming)
{
  pf_wipe (arming->pin, sizeof arming->pin);
  arming->armed = arming->bound = arming->used = false;
}

/* Whether the distance is kept: the next one counts from now. */
static PfCloseCode
pass (PfArming *arming, uint64_t now_ns)
{
  if (now_ns < arming->gap_until_ns || now_ns < arming->pause_until_ns)
    return PF_CLOSE_RATE_LIMITED;
  arming->gap_until_ns = now_ns + PF_ARMING_GAP_NS;
  return PF_CLOSE_DONE;
}

PfCloseCode
pf_arming_take (PfArming *arming, const uint8_t device[PF_ARMING_DEVICE],
    uint64_t now_ns, char pin[PF_ARMING_PIN_MAX + 1])
{
  PfArming *a = arming;
  const PfCloseCode code = pass (a, now_ns);

  if (code != PF_CLOSE_DONE)
    return code;
  if (!pf_arming_is_open (a, now_ns) || a->used)
    return PF_CLOSE_NOT_ARMED;
  if (a->bound && memcmp (a->device, device, sizeof a->device) != 0)
    return PF_CLOSE_OTHER_DEVICE;
  memcpy (pin, a->pin, sizeof a->pin);
  pf_wipe (a->pin, sizeof a->pin);
  a->used = true;
  return PF_CLOSE_DONE;
}

bool
pf_arming_done (PfArming *arming, bool paired, uint64_t now_ns)
{
  PfArming *a = arming;

  if (!a->used)
    return false; /* somebody armed anew or disarmed meanwhile */
  if (paired) {
    pf_arming_disarm (a);
    return false;
  }
  if (a->fresh == 0) {
    a->pause_until_ns = now_ns + PF_ARMING_PAUSE_NS;
    pf_arming_disarm (a);
    return false;
  }
  return pf_arming_is_open (a, now_ns);
}

void
pf_arming_renew (PfArming *arming, const char *pin)
{
  if (!arming->used || arming->fresh == 0 || !pf_arming_is_pin (pin))
    return;
  arming->fresh--;
  put_pin (arming, pin);
}

bool
pf_arming_is_open (PfArming *arming, uint64_t now_ns)
{
  if (arming->armed && now_ns >= arming->until_ns)
    pf_arming_disarm (arming);
  return arming->armed;
}

static unsigned
seconds_to (uint64_t until, uint64_t now)
{
  return now < until ? (unsigned) ((until - now + SECOND - 1) / SECOND) : 0;
}

unsigned
pf_arming_left (const PfArming *arming, uint64_t now_ns)
{
  return arming->armed ? seconds_to (arming->until_ns, now_ns) : 0;
}

unsigned
pf_arming_pause_left (const PfArming *arming, uint64_t now_ns)
{
  return seconds_to (arming->pause_until_ns, now_ns);
}
