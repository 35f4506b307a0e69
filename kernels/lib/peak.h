#pragma once

namespace slackwater {

/// What this machine can do now, measured on the threads that will compute, not looked up.
struct Peak {
  double flops_per_s;  // the widest multiply-add there is: 8-bit dot products where the machine has them, else fp32
  double bytes_per_s;  // reading memory that no cache holds
};

/// Runs two loops of about 50 ms on `threads` threads.
Peak measure_peak(int threads);

}  // namespace slackwater
