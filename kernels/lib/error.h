#pragma once

#include <string>
#include <utility>

namespace slackwater {

/// An expected fault as a value. `code` is one of the words that `kernels/native.ts` names, empty when there is none.
struct Error {
  std::string code;
  std::string message;  // For people, with the numbers in it.

  explicit operator bool() const { return !code.empty(); }
  void set(const char* new_code, std::string new_message) {
    code = new_code;
    message = std::move(new_message);
  }
};

/// Codes of everything that can be wrong with a model file.
constexpr const char* kModelUnreadable = "model_unreadable";
constexpr const char* kModelInvalid = "model_invalid";
constexpr const char* kModelUnsupported = "model_unsupported";

constexpr const char* kBadArgument = "bad_argument";
constexpr const char* kOutOfMemory = "out_of_memory";  // Or out of threads.

}  // namespace slackwater
