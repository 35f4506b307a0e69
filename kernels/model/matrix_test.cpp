// Linear layers from the tensors of a file: which form each gets, and that it is multiplied as it stands.
#include "matrix.h"

#include <cmath>

#include "../ops/gemm/gemm.h"
#include "gguf.h"
#include "test_gguf.h"

using namespace slackwater;

namespace {

struct Tensor {
  std::string name;
  TensorFormat format;
  int32_t rows;
};

struct Layer {
  MatrixStore store;
  const Matrix* matrix = nullptr;
  std::vector<float> weights;  // [n, k]
  Error error;
};

/// One layer that stacks the tensors.
void pack(Layer& out, const std::vector<Tensor>& tensors, int32_t k, WeightMode mode, bool is_for_tiles = false) {
  GgufWriter writer;
  std::vector<TensorReader::Part> parts;
  uint64_t seed = 40;
  for (const Tensor& tensor : tensors) {
    const auto number = static_cast<uint32_t>(tensor.format);
    const size_t count = static_cast<size_t>(tensor.rows) * static_cast<size_t>(k);
    const std::string bytes = test_weights(number, count, ++seed);
    writer.tensor(tensor.name, {static_cast<uint64_t>(k), static_cast<uint64_t>(tensor.rows)}, number, bytes);
    parts.push_back({tensor.name, tensor.rows});
    out.weights.resize(out.weights.size() + count);
    dequantize(tensor.format, reinterpret_cast<const std::byte*>(bytes.data()), count, out.weights.data() + out.weights.size() - count);
  }
  const TestFile path(writer.bytes());
  const auto file = GgufFile::open(path.path(), out.error);
  CHECK(file != nullptr, "%s", out.error.message.c_str());
  ThreadPool pool(2);
  TensorReader reader(file->weights(), pool, out.error);
  out.matrix = out.store.add(parts, k);
  out.store.plan(reader, mode, is_for_tiles, out.error);
  out.store.pack(reader, pool, out.error, PackedCache(""));
}

void check_form(const std::vector<Tensor>& tensors, WeightMode mode, WeightForm form, const char* what) {
  constexpr int32_t k = 256, rows = 21;
  Layer layer;
  pack(layer, tensors, k, mode);
  CHECK(!layer.error, "%s: %s", what, layer.error.message.c_str());
  CHECK(layer.matrix->form() == form, "%s: form %d instead of %d", what, static_cast<int>(layer.matrix->form()), static_cast<int>(form));
  const int32_t n = layer.matrix->n();
  CHECK(layer.store.bytes() == layer.matrix->bytes() && layer.weights.size() == static_cast<size_t>(n) * k, "%s: %zu bytes", what, layer.store.bytes());
  TestRandom random(41);
  std::vector<float> x(static_cast<size_t>(rows) * k), want(static_cast<size_t>(rows * n)), got(want.size(), 7);
  for (float& value : x) value = random.uniform();
  gemm_ref({want.data(), n, x.data(), k, layer.weights.data(), n, k, rows, 0, n, false});
  const CpuOps& ops = *find_cpu_ops(best_isa());
  Activations a;
  a.reserve(rows, k, layer.store.activations());
  CHECK(a.take(ops, x.data(), k, 0, 9) == Status::kOk && a.take(ops, x.data(), k, 9, rows - 9) == Status::kOk, "%s: rows in two parts", what);
  ThreadPool pool(2);
  CHECK(layer.matrix->multiply(pool, ops, a.from(0), rows, got.data(), n, false) == Status::kOk, "%s: multiply", what);
  double error = 0, norm = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    error += (static_cast<double>(got[i]) - want[i]) * (static_cast<double>(got[i]) - want[i]);
    norm += static_cast<double>(want[i]) * want[i];
  }
  const double limit = mode == WeightMode::kFast ? 2e-2 : form == WeightForm::kFours ? 6e-4 : 2e-4;
  CHECK(std::sqrt(error / norm) < limit, "%s: relL2 %.1e", what, std::sqrt(error / norm));
  std::vector<float> alone(static_cast<size_t>(n));
  for (int32_t row = 0; row < rows; ++row) {
    a.take(ops, x.data() + static_cast<size_t>(row) * k, k, 0, 1);
    layer.matrix->multiply(pool, ops, a.from(0), 1, alone.data(), n, false);
    CHECK(std::equal(alone.begin(), alone.end(), got.begin() + static_cast<long>(row) * n), "%s: row %d alone differs", what, row);
  }
  a.reserve(1, k + 1, layer.store.activations());
  CHECK(layer.matrix->multiply(pool, ops, a.from(0), 1, alone.data(), n, false) == Status::kBadShape, "%s: rows of another width", what);
}

}  // namespace

int main() {
  const std::vector<Tensor> floats = {{"a", TensorFormat::kF32, 33}, {"b", TensorFormat::kBf16, 20}};
  const std::vector<Tensor> fours = {{"a", TensorFormat::kQ4_1, 33}, {"b", TensorFormat::kQ4_0, 20}};
  check_form(floats, WeightMode::kExact, WeightForm::kWords, "floats, exact");
  check_form(floats, WeightMode::kCompact, WeightForm::kWords, "floats have no groups");
  check_form(floats, WeightMode::kAuto, WeightForm::kWords, "floats, auto");
  check_form(fours, WeightMode::kExact, WeightForm::kWords, "fours, exact");
  check_form(fours, WeightMode::kCompact, WeightForm::kFours, "fours of two kinds, compact");
  check_form(fours, WeightMode::kAuto, WeightForm::kFours, "fours, auto");
  check_form(fours, WeightMode::kFast, WeightForm::kBytes, "fours, fast");
  check_form({{"a", TensorFormat::kQ4_K, 200}}, WeightMode::kCompact, WeightForm::kFours, "Q4_K, compact");
  check_form({{"a", TensorFormat::kQ8_0, 5}, {"b", TensorFormat::kQ5_1, 20}}, WeightMode::kCompact, WeightForm::kEights, "eights, compact");
  check_form({{"a", TensorFormat::kQ4_1, 16}, {"b", TensorFormat::kQ8_0, 16}}, WeightMode::kCompact, WeightForm::kWords, "tensors that differ");
  Layer layer;
  pack(layer, {{"wide", TensorFormat::kF32, 1}}, kGemmInputsMax + 1, WeightMode::kExact);
  CHECK(layer.error.code == kModelUnsupported && layer.error.message == "'wide' has 32769 inputs; the cpu backend multiplies at most 32768", "%s", layer.error.message.c_str());
  std::puts("matrix: ok");
}
