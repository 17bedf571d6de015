/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How many frames a lossy channel ought to break: exact probabilities, and
 * the band a count of frames should stay in.
 */
#ifndef PROBE_STATS_H
#define PROBE_STATS_H

/*
 * The Gilbert-Elliott channel: two states, good (nothing is lost) and bad (a
 * shard is lost with probability bad_loss). It stays bad for bad_length
 * shards in the mean; how often it turns bad follows from the mean loss.
 * Every frame meets it in its long-term state: frames are far apart in time
 * compared to the shards of one frame.
 */
typedef struct {
  double bad;      /* long-term share of the bad state */
  double good_bad; /* probability of turning bad at the next shard */
  double bad_good; /* probability of recovering */
  double bad_loss;
  int memoryless; /* every shard is lost alone: no state at all */
} ProbeChannel;

/* Every shard is lost alone with that probability. */
void probe_channel_init_random (ProbeChannel *channel, double loss);

/* Returns 0, or -1 where no such channel exists (loss or bursts too high for
 * each other). Fractions, not percent. */
int probe_channel_init_bursty (
    ProbeChannel *channel, double loss, double bad_length, double bad_loss);

/* P (more than m of n shards are lost), each lost alone with probability
 * loss: the tail of the binomial distribution. */
double probe_binomial_tail (unsigned n, unsigned m, double loss);

/* The same for the channel. Takes n * m steps. */
double probe_channel_tail (const ProbeChannel *channel, unsigned n, unsigned m);

/*
 * The narrowest counts low and high such that a count of successes in
 * `trials` trials of probability p is below low with probability at most
 * (1 - level) / 2, and above high likewise.
 */
void probe_band (
    unsigned trials, double p, double level, unsigned *low, unsigned *high);

#endif /* PROBE_STATS_H */
