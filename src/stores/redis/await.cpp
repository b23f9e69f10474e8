#include "stores/redis/await.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace perpetua::redis {

namespace asio = boost::asio;

asio::awaitable<std::vector<Reply>> execute(Client& client, Request request) {
  return execute(client, std::move(request), CallOptions());
}

asio::awaitable<std::vector<Reply>> execute(Client& client, Request request,
                                            const CallOptions& options) {
  auto initiate = [&client, request = std::move(request), options](auto handler) mutable {
    const std::size_t commands = request.size();
    auto executor = asio::get_associated_executor(handler);
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    auto work = asio::make_work_guard(executor);
    const Callback callback = [executor, resume, work](std::vector<Reply>&& replies) {
      asio::post(executor, [resume, replies = std::move(replies)]() mutable {
        std::move (*resume)(std::move(replies));
      });
    };
    const Submit result = client.submit(std::move(request), options, callback);
    if (result != Submit::accepted) callback(refusal(result, commands));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(std::vector<Reply>)>(
      std::move(initiate), asio::use_awaitable);
}

}  // namespace perpetua::redis
