#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../lib/buffer.h"
#include "../lib/error.h"
#include "../lib/profile.h"
#include "../model/backend.h"
#include "../model/vocab.h"
#include "block_pool.h"
#include "name_set.h"
#include "outbox.h"
#include "run.h"
#include "step_time.h"

namespace slackwater {

struct LoopOptions {
  int32_t hbm_blocks;
  int32_t dram_blocks;
  int32_t running_max;
  int32_t iteration_tokens_max;
  int32_t waiting_max = 1024;
  int32_t lanes_max = 4096;
  /// What an iteration with decode rows in it should take at most: prefill chunks are cut to it, but never below a block.
  double iteration_ms_max = 100;
  bool is_speculating = true;
  std::function<double()> clock_ms = nullptr;  // for tests; null: the steady clock
  bool check_each_iteration = false;  // abort on a broken invariant of the pool
};

struct LoopStats {
  int32_t hbm_blocks, hbm_free, hbm_available, dram_blocks, dram_free;
  int32_t waiting, running, lanes;
  uint64_t demoted, recalled, evicted, prompt_tokens, generated_tokens, iterations;
  uint64_t drafted_tokens, accepted_tokens;  // guessed by prompt lookup, and of those the ones that were right
  uint64_t preempted;                        // times a run was put back into the queue for a better one
  double busy_ms, own_ms;                    // in the backend, and in the loop around it
  double prefill_tokens_per_s, decode_tokens_per_s, recall_bytes_per_s;
  bool has_profile;
  std::array<Profile::Row, kProfileOps> profile;  // by ProfileOp
  std::array<double, kProfileOps> ceiling_shares;
};

/// The engine's loop, on a thread of its own: compose an iteration from the queue, run it, collect its tokens.
///
/// An iteration that admits and ends nobody allocates nothing on the loop's thread, unless logprobs were asked for.
///
/// Every public method may be called from any one other thread, and none but snapshot() waits for the loop. Events gather in an
/// outbox; `on_events` is called, from the loop's thread, when it turns non-empty, and not again before take_events().
class Loop {
 public:
  Loop(std::unique_ptr<Backend> backend, Vocab vocab, const LoopOptions& options, std::function<void()> on_events);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  static constexpr size_t kCommandsMax = 65536;
  static constexpr int32_t kGuessesMax = 64;  // rows of an iteration that are guesses: each samples, and its logits take memory

  const Backend& backend() const { return *backend_; }
  const Vocab& vocab() const { return vocab_; }
  const LoopOptions& options() const { return options_; }

  /// Queues the run, or sets `error`: bad_argument, context_length, token_range, queue_full, closed.
  void submit(RunRequest request, Error& error);
  /// The orders below answer false when kCommandsMax of them wait for the loop already.
  bool cancel(int64_t run);
  bool set_priority(int64_t run, double priority);
  bool demote(const std::string& lane);
  bool recall(const std::string& lane);
  bool pin(const std::string& lane, std::optional<Tier> tier);
  bool retain(const std::string& lane, double value);
  bool drop(const std::string& lane);

  std::vector<EngineEvent> take_events();
  /// The pool as it is now: waits while the loop composes an iteration or settles its outcome, which takes in the copies that
  /// make room, and not while the backend computes or tokens are sampled.
  std::vector<BlockEvent> snapshot();
  /// As of the end of the last iteration; `waiting` as of now.
  LoopStats stats();

  /// Asks the loop to end every run and every move as cancelled and to stop; `on_stopped`, if any, is called by its thread as
  /// its last act, when the copy thread has ended.
  void stop(std::function<void()> on_stopped = nullptr);
  /// After stop(): returns when the loop's thread has ended, and with it the copy thread.
  void join();

 private:
  using RunPtr = std::unique_ptr<Run>;
  using Command = std::function<void()>;  // runs on the loop's thread with the state locked

  /// One iteration: rows of many runs, flattened. Kept from one to the next for its memory.
  struct Plan {
    struct Part {
      Run* run;
      int32_t rows;
      int32_t drafted;     // the last of the rows, which are guesses
      int32_t match;       // what they were guessed from
      int32_t logits_row;  // index of its first into the sampled rows; -1: the prompt is not at its end
      int32_t sampled;     // tokens sampled: 1, and 1 for each guess before it that was right
      size_t first_sampled;
    };
    std::vector<Part> parts;
    std::vector<int32_t> tokens, logits_rows;
    std::vector<SequenceView> views;
    std::vector<int32_t> sampled;     // -1: no logit is finite
    std::vector<TokenLogprob> ranked;  // one for each sampled token of the runs that asked for them
    StepLoad load;
    void clear();
  };

  void work();
  bool iterate();
  bool wait_for_work(bool was_busy);
  void signal();
  void count_waiting(int32_t change);
  void forget_run(int64_t run);
  void drain_commands();
  bool post(Command command, bool is_bounded = true);

  void enqueue(RunRequest request, double submitted_ms);
  void admit();
  bool try_admit(Run& run);
  bool try_enter(Run& run);
  bool try_preempt_for(const Run& better, bool has_place);
  void preempt(RunPtr run);
  void note_found(Run& run);
  void note_found(Run& run, int32_t start, int32_t end, bool is_recalled);
  void start_resident();
  const std::vector<Run*>& by_priority(Run::Stage stage);
  int32_t rows_until_claimed(const Run& run) const;
  void compose();
  void add_decode_rows();
  void add_prefill_chunks();
  int32_t choose_draft(Run& run, double token_ms, int32_t rows_left, Drafter::Draft& draft);
  int32_t chunk_rows(const Run& run, int32_t wanted, bool is_first) const;
  bool add_part(Run& run, int32_t rows, int32_t drafted = 0, const Drafter::Draft& draft = {});
  void tell_started(Run& run);
  double run_plan(Status& status);
  void sample_part(Plan::Part& part);
  void collect(Status status, double ms);
  void collect_part(const Plan::Part& part, size_t& ranked);
  void accept_token(Run& run, int32_t token, TokenLogprob* ranked);
  void deliver(Run& run, bool is_forced);
  void end(Run& run, Finish finish, std::string message = "");
  bool reap();
  void publish();
  void keep_stats();
  double now_ms() const;

  std::unique_ptr<Profile> profile_;  // null unless asked for; outlives the backend, which writes into it
  std::unique_ptr<Backend> backend_;
  Vocab vocab_;
  LoopOptions options_;
  std::function<void()> on_events_;

  // Signals and commands: under signal_mutex_, held for moments only.
  std::mutex signal_mutex_;
  std::condition_variable signal_;
  std::vector<Command> commands_;
  std::vector<Command> draining_;  // the loop's thread's, whose memory takes turns with that of commands_
  std::set<int64_t> known_runs_;  // submitted and not ended
  int32_t waiting_count_ = 0;     // submitted and not admitted
  bool is_signalled_ = false, is_stopping_ = false;
  std::function<void()> on_stopped_;

  // Pool and runs: only the loop's thread changes them. What it changes for snapshot() to see is under state_mutex_, which it
  // lets go while the backend computes and tokens are sampled.
  std::mutex state_mutex_;
  Copier copier_;
  BlockPool pool_;
  std::vector<RunPtr> waiting_, running_;
  uint64_t order_ = 0;
  LoopStats totals_{};

  // The loop's thread's own, kept for its memory or for what it learnt.
  Plan plan_;
  std::vector<Run*> ordered_;
  NameSet claimed_;
  std::vector<RankedLogprob> candidates_;
  Buffer<float> logits_;
  StepTimeModel steps_;
  Speculation speculation_;
  double sampling_ms_ = 0;  // of this iteration, if there is a profile
  struct Speed {  // decayed sums, so that a long iteration weighs more than a short one
    double tokens = 0, ms = 0;
    void add(double more_tokens, double more_ms) {
      tokens = 0.9 * tokens + more_tokens;
      ms = 0.9 * ms + more_ms;
    }
    double per_s() const { return ms > 0 ? tokens * 1000 / ms : 0; }
  };
  Speed prefill_speed_, decode_speed_;

  std::mutex stats_mutex_;  // held for a copy
  LoopStats stats_{};

  Outbox outbox_;

  std::thread thread_;
};

}  // namespace slackwater
