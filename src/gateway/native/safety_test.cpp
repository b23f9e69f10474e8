#include "gateway/native/native_test_support.hpp"
namespace perpetua::gateway::test {
}
