#include "gateway/ws/ws_test_client.hpp"
namespace perpetua::gateway::ws::test {
}
