/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When a host takes part in a PIN ceremony, in virtual time.
 */
#include <string.h>

#include "pf-arming.h"
#include "pf-test.h"

#define S UINT64_C (1000000000)

static const uint8_t deck[PF_ARMING_DEVICE] = { 1 };
static const uint8_t stranger[PF_ARMING_DEVICE] = { 2 };

static PfCloseCode
take (PfArming *a, const uint8_t *device, uint64_t now)
{
  char pin[PF_ARMING_PIN_MAX + 1] = "none";
  const PfCloseCode code = pf_arming_take (a, device, now, pin);

  if (code != PF_CLOSE_DONE)
    PF_CHECK_STR (pin, "none");
  return code;
}

static void
test_pins (void)
{
  static const char *const no_pins[] = { "", "123", "12a4", "123456789",
    " 1234", "1234\n" };
  char pin[PF_ARMING_PIN_MAX + 1];
  PfArming a = { 0 };

  pf_arming_make_pin (42, pin);
  PF_CHECK_STR (pin, "0042");
  pf_arming_make_pin (UINT32_MAX, pin);
  PF_CHECK_STR (pin, "7295");
  for (size_t i = 0; i < sizeof no_pins / sizeof *no_pins; i++)
    PF_CHECK_INT (
        pf_arming_arm (&a, no_pins[i], 120, NULL, 0), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_arming_arm (&a, "0042", 14, NULL, 0), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_arming_arm (&a, "0042", 601, NULL, 0), ==, PF_ERR_RANGE);
  PF_CHECK (!pf_arming_is_open (&a, 0));
  PF_CHECK_INT (pf_arming_arm (&a, "0042", 15, NULL, 0), ==, 0);
  PF_CHECK (pf_arming_is_open (&a, 0));
}

/* The PIN is used up by the first that asks. */
static void
test_single_use (void)
{
  char pin[PF_ARMING_PIN_MAX + 1];
  PfArming a = { 0 };

  PF_CHECK_INT (take (&a, deck, 1 * S), ==, PF_CLOSE_NOT_ARMED);
  PF_CHECK_INT (pf_arming_arm (&a, "0042", 120, NULL, 2 * S), ==, 0);
  PF_CHECK_INT (pf_arming_take (&a, deck, 3 * S, pin), ==, PF_CLOSE_DONE);
  PF_CHECK_STR (pin, "0042");
  for (size_t i = 0; i < sizeof a.pin; i++)
    PF_CHECK_INT (a.pin[i], ==, 0);
  PF_CHECK_INT (take (&a, deck, 6 * S), ==, PF_CLOSE_NOT_ARMED);
  PF_CHECK (!pf_arming_done (&a, true, 7 * S));
  PF_CHECK_INT (take (&a, deck, 9 * S), ==, PF_CLOSE_NOT_ARMED);
  PF_CHECK (!pf_arming_is_open (&a, 9 * S));
}

static void
test_time (void)
{
  PfArming a = { 0 };

  PF_CHECK_INT (pf_arming_arm (&a, "1234", 15, NULL, 100 * S), ==, 0);
  PF_CHECK_UINT (pf_arming_left (&a, 100 * S), ==, 15);
  PF_CHECK_UINT (pf_arming_left (&a, 115 * S - 1), ==, 1);
  PF_CHECK_INT (take (&a, deck, 115 * S), ==, PF_CLOSE_NOT_ARMED);
  PF_CHECK (!pf_arming_is_open (&a, 100 * S)); /* and stays so */
}

/* Two seconds between ceremonies, whether there is a PIN or not. */
static void
test_gap (void)
{
  PfArming a = { 0 };

  PF_CHECK_INT (take (&a, stranger, 10 * S), ==, PF_CLOSE_NOT_ARMED);
  PF_CHECK_INT (pf_arming_arm (&a, "1234", 120, NULL, 10 * S), ==, 0);
  PF_CHECK_INT (take (&a, deck, 12 * S - 1), ==, PF_CLOSE_RATE_LIMITED);
  PF_CHECK_INT (take (&a, deck, 12 * S), ==, PF_CLOSE_DONE);
  PF_CHECK_INT (take (&a, deck, 13 * S), ==, PF_CLOSE_RATE_LIMITED);
  PF_CHECK_INT (take (&a, deck, 14 * S), ==, PF_CLOSE_NOT_ARMED);
}

static void
test_bound (void)
{
  PfArming a = { 0 };

  PF_CHECK_INT (pf_arming_arm (&a, "1234", 120, deck, 10 * S), ==, 0);
  PF_CHECK_INT (take (&a, stranger, 11 * S), ==, PF_CLOSE_OTHER_DEVICE);
  PF_CHECK_INT (take (&a, deck, 13 * S), ==, PF_CLOSE_DONE);
}

/* S40: a stranger who burns PINs gets four, then nobody gets any for a
 * minute. */
static void
test_burnt (void)
{
  uint64_t now = 10 * S;
  PfArming a = { 0 };
  unsigned burnt = 0;

  PF_CHECK_INT (pf_arming_arm (&a, "1234", 600, NULL, now), ==, 0);
  while (take (&a, stranger, now) == PF_CLOSE_DONE && burnt < 100) {
    burnt++;
    if (pf_arming_done (&a, false, now))
      pf_arming_renew (&a, "4321");
    now += 2 * S;
  }
  PF_CHECK_UINT (burnt, ==, 4);
  PF_CHECK_INT (take (&a, deck, now), ==, PF_CLOSE_RATE_LIMITED);
  PF_CHECK_UINT (pf_arming_pause_left (&a, now), ==, 58);
  PF_CHECK_INT (
      pf_arming_arm (&a, "1234", 600, NULL, now), ==, PF_ERR_EXHAUSTED);
  now += 58 * S;
  PF_CHECK_INT (pf_arming_arm (&a, "1234", 600, NULL, now), ==, 0);
  PF_CHECK_INT (take (&a, deck, now), ==, PF_CLOSE_DONE);
}

/* A ceremony that ends after its window was replaced has no say in the new
 * one. */
static void
test_replaced (void)
{
  char pin[PF_ARMING_PIN_MAX + 1];
  PfArming a = { 0 };

  PF_CHECK_INT (pf_arming_arm (&a, "1234", 120, NULL, 10 * S), ==, 0);
  PF_CHECK_INT (take (&a, deck, 11 * S), ==, PF_CLOSE_DONE);
  PF_CHECK_INT (pf_arming_arm (&a, "5678", 120, NULL, 12 * S), ==, 0);
  PF_CHECK (!pf_arming_done (&a, true, 12 * S));
  pf_arming_renew (&a, "9999");
  PF_CHECK_INT (pf_arming_take (&a, deck, 14 * S, pin), ==, PF_CLOSE_DONE);
  PF_CHECK_STR (pin, "5678");
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/arming/pins", test_pins);
  PF_TEST_ADD ("/arming/single-use", test_single_use);
  PF_TEST_ADD ("/arming/time", test_time);
  PF_TEST_ADD ("/arming/gap", test_gap);
  PF_TEST_ADD ("/arming/bound", test_bound);
  PF_TEST_ADD ("/arming/S40/burnt", test_burnt);
  PF_TEST_ADD ("/arming/replaced", test_replaced);
  return pf_test_run (argc, argv);
}
