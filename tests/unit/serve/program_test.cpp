// coppice-serve as a program: its arguments, its messages, its end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/serve/raw_http.h"
#include "tests/unit/serve/temporary_site.h"

namespace coppice::serve {
namespace {

// The program with its standard output and error readable.
class Program {
 public:
  Program(std::vector<std::string> arguments, const std::string& port_variable = "") {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], 1);
      ::dup2(ends[1], 2);
      ::close(ends[0]);
      ::close(ends[1]);
      if (port_variable.empty()) {
        ::unsetenv("PORT");
      } else {
        ::setenv("PORT", port_variable.c_str(), 1);
      }
      std::vector<char*> argv{const_cast<char*>(COPPICE_SERVE)};
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      ::execv(COPPICE_SERVE, argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
  }
  std::string line() const {
    std::string text;
    for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  std::string rest() const {
    std::string text;
    for (char c = 0; ::read(output_, &c, 1) == 1;) text += c;
    return text;
  }
  // Reads "coppice-serve: http://127.0.0.1:PORT/ serves ...".
  int port() const {
    const std::string announced = line();
    const size_t at = announced.find("http://127.0.0.1:");
    return at == std::string::npos ? -1 : std::atoi(announced.c_str() + at + 17);
  }
  void signal(int number) const { ::kill(pid_, number); }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

TEST(ServeProgram, ServesUntilASignalAndEndsWithZero) {
  const TemporarySite files;
  for (const int number : {SIGTERM, SIGINT}) {
    Program program({"--dist", files.root().string(), "--port", "0"});
    const int port = program.port();
    ASSERT_GT(port, 0);
    EXPECT_EQ(request(port, "GET /healthz").status, 200);
    program.signal(number);
    EXPECT_EQ(program.wait(), 0);
  }
}

TEST(ServeProgram, AnAnswerThatHasBegunIsFinished) {
  const TemporarySite files;
  files.write("large.bin", std::string(30'000'000, 'x'));  // NOLINT(bugprone-string-constructor)
  Program program({"--dist", files.root().string(), "--port", "0"});
  const int port = program.port();
  const int fd = connect_to(port);
  ASSERT_GE(fd, 0);
  const std::string ask = "GET /large.bin HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(::send(fd, ask.data(), ask.size(), 0), static_cast<ssize_t>(ask.size()));
  std::vector<char> buffer(1 << 16);
  ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
  ASSERT_GT(got, 0);
  program.signal(SIGTERM);
  size_t total = 0;
  for (; got > 0; got = ::recv(fd, buffer.data(), buffer.size(), 0)) total += static_cast<size_t>(got);
  ::close(fd);
  EXPECT_GT(total, 30'000'000U);
  EXPECT_EQ(program.wait(), 0);
}

TEST(ServeProgram, TakesThePortFromTheEnvironment) {
  const TemporarySite files;
  Program first({"--dist", files.root().string(), "--port", "0"});
  const int port = first.port();
  ASSERT_GT(port, 0);
  Program second({"--dist", files.root().string()}, std::to_string(port));
  EXPECT_NE(second.rest().find("another program uses this port"), std::string::npos);
  EXPECT_EQ(second.wait(), 1);
}

TEST(ServeProgram, WrongUsageAndNoPageHaveTheirExitCodes) {
  Program wrong_port({"--port", "70000"});
  EXPECT_NE(wrong_port.rest().find("--port"), std::string::npos);
  EXPECT_EQ(wrong_port.wait(), 2);
  Program wrong_variable({}, "eighty");
  wrong_variable.rest();
  EXPECT_EQ(wrong_variable.wait(), 2);
  Program unknown({"--prot", "80"});
  unknown.rest();
  EXPECT_EQ(unknown.wait(), 2);
  Program nothing({"--dist", "no/such/folder"});
  EXPECT_NE(nothing.rest().find("index.html"), std::string::npos);
  EXPECT_EQ(nothing.wait(), 3);
}

TEST(ServeProgram, JudgesWithTheModelsOfACatalogue) {
  const TemporarySite files;
  // One small model: reading them all takes its time under sanitizers.
  const std::filesystem::path models = files.root() / "served";
  std::filesystem::create_directories(models);
  std::filesystem::copy("models/linear-ngrams", models / "linear-ngrams", std::filesystem::copy_options::recursive);
  files.write("served/catalog.json", R"({"schema_version":1,"models":[{"id":"linear-ngrams"}]})");
  Program program({"--dist", files.root().string(), "--port", "0", "--models", models.string(), "--log", "json"});
  const std::string announced = program.line();
  const size_t at = announced.find("http://127.0.0.1:");
  ASSERT_NE(at, std::string::npos) << announced;
  EXPECT_NE(announced.find("judges with "), std::string::npos) << announced;
  const int port = std::atoi(announced.c_str() + at + 17);
  const std::string body = R"({"texts":["A wonderful film.","The worst film of the year."],"model":"linear-ngrams"})";
  const Reply reply = send_and_read(port,
                                    "POST /v1/classify HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                                    "Content-Type: application/json\r\nContent-Length: " +
                                        std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_LT(reply.body.find("positive"), reply.body.find("negative")) << reply.body;
  EXPECT_EQ(reply.body.find("linear-ngrams"), reply.body.rfind("linear-ngrams")) << reply.body;
  EXPECT_NE(program.line().find("\"message\":\"POST /v1/classify 200\""), std::string::npos);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
}

class LinearModelFolder {
 public:
  explicit LinearModelFolder(const TemporarySite& files) : folder_(files.root() / "served") {
    std::filesystem::create_directories(folder_);
    std::filesystem::copy("models/linear-ngrams", folder_ / "linear-ngrams", std::filesystem::copy_options::recursive);
    files.write("served/catalog.json", R"({"schema_version":1,"models":[{"id":"linear-ngrams"}]})");
  }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

std::string classify_request_bytes(const std::string& body) {
  return "POST /v1/classify HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// The program with that model, and what asks it.
struct ServedModel {
  TemporarySite files;
  LinearModelFolder models{files};
  Program program{{"--dist", files.root().string(), "--port", "0", "--models", models.path().string()}};
  int port = program.port();
  std::string ask = classify_request_bytes(R"({"text":"A wonderful film."})");
};

// What is served was read at the start: a folder that is exchanged, file by file or as a whole, changes nothing and
// harms nothing until the next start.
TEST(ServeProgram, AModelFolderMayBeReplacedWhileItIsServed) {
  ServedModel served;
  ASSERT_GT(served.port, 0);
  const std::filesystem::path folder = served.models.path();
  const std::filesystem::path weights = folder / "linear-ngrams" / "model.safetensors";
  const auto logits = [&] {
    const Reply reply = send_and_read(served.port, served.ask);
    EXPECT_EQ(reply.status, 200);
    const size_t at = reply.body.find("\"logits\"");
    return at == std::string::npos ? std::string() : reply.body.substr(at, reply.body.find(']', at) - at);
  };
  const std::string before = logits();
  EXPECT_FALSE(before.empty());
  std::filesystem::resize_file(weights, 0);  // in place: a mapping that was kept would end the process
  EXPECT_EQ(logits(), before);
  std::filesystem::remove_all(folder / "linear-ngrams");
  EXPECT_EQ(logits(), before);
  std::ofstream(folder / "catalog.json") << "{";
  EXPECT_EQ(logits(), before);
  served.program.signal(SIGTERM);
  EXPECT_EQ(served.program.wait(), 0);
  // The next start says what is wrong with what lies there now.
  Program again({"--dist", served.files.root().string(), "--port", "0", "--models", folder.string()});
  EXPECT_NE(again.rest().find("catalog.json"), std::string::npos);
  EXPECT_EQ(again.wait(), 3);
}

// Eight clients ask without a pause when the signal comes. Whoever asked before it is answered; whoever comes later is
// answered, told that the server stops, or finds nobody there, but never gets a part of an answer.
TEST(ServeProgram, ASignalUnderLoadLosesNoRequestThatWasTaken) {
  ServedModel served;
  ASSERT_GT(served.port, 0);
  std::atomic<bool> signalled = false;
  std::atomic<bool> over = false;
  std::atomic<int> answered = 0;
  std::atomic<int> lost = 0;
  std::atomic<int> odd = 0;
  std::vector<std::thread> clients;
  clients.reserve(8);
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      while (!over) {
        const int fd = connect_to(served.port);
        if (fd < 0) {
          if (!signalled) ++lost;
          return;
        }
        const bool sent =
            ::send(fd, served.ask.data(), served.ask.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(served.ask.size());
        // The first byte of an answer, or of a connection that was taken: what was sent before the signal must get one.
        const bool before = sent && !signalled;
        std::string text;
        char buffer[4096];
        for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
          text.append(buffer, static_cast<size_t>(got));
        }
        ::close(fd);
        const bool whole = text.ends_with("}\n");
        if (text.starts_with("HTTP/1.1 200 ") && whole) {
          ++answered;
        } else if (before) {
          ++lost;
        } else if (!text.empty() && !(text.starts_with("HTTP/1.1 503 ") && whole)) {
          ++odd;
        }
      }
    });
  }
  while (answered < 50) std::this_thread::yield();
  // `before` is read after its request was sent, so that a request is never taken for an earlier one than it was; one
  // that is read as later is only judged more mildly.
  signalled = true;
  served.program.signal(SIGTERM);
  EXPECT_EQ(served.program.wait(), 0);
  over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(odd, 0);
}

// All that the kernel has let in while the program was busy elsewhere: nobody is told to come again, or cut off.
TEST(ServeProgram, ASignalAfterABurstLosesNoneOfIt) {
  constexpr int kClients = 64;
  ServedModel served;
  ASSERT_GT(served.port, 0);
  served.program.signal(SIGSTOP);
  std::vector<int> clients;
  for (int i = 0; i < kClients; ++i) {
    // A connection that the kernel has no room for is tried again after a second.
    clients.push_back(connect_to(served.port, {.tv_sec = 0, .tv_usec = 500'000}));
    ASSERT_GE(clients.back(), 0) << "client " << i;
    const auto size = static_cast<ssize_t>(served.ask.size());
    ASSERT_EQ(::send(clients.back(), served.ask.data(), served.ask.size(), MSG_NOSIGNAL), size);
  }
  served.program.signal(SIGTERM);
  served.program.signal(SIGCONT);
  for (const int fd : clients) {
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<size_t>(got));
    ::close(fd);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ") && text.ends_with("}\n")) << text;
  }
  EXPECT_EQ(served.program.wait(), 0);
}

TEST(ServeProgram, ListensOnIPv6AndSaysSoInBrackets) {
  const int probe = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) GTEST_SKIP() << "this kernel has no IPv6";
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool usable = ::bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  if (!usable) GTEST_SKIP() << "this machine has no address ::1";
  const TemporarySite files;
  Program program({"--dist", files.root().string(), "--host", "::1", "--port", "0"});
  const std::string announced = program.line();
  const size_t at = announced.find("http://[::1]:");
  ASSERT_NE(at, std::string::npos) << announced;
  const std::string port = std::to_string(std::atoi(announced.c_str() + at + 13));
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin6_port = htons(static_cast<uint16_t>(std::stoi(port)));
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string ask = "GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::send(fd, ask.data(), ask.size(), MSG_NOSIGNAL), static_cast<ssize_t>(ask.size()));
  char buffer[256] = {};
  EXPECT_GT(::recv(fd, buffer, sizeof buffer - 1, 0), 0);
  ::close(fd);
  EXPECT_EQ(std::string(buffer).find("HTTP/1.1 200 "), 0U);
  // The same port again: taken, in IPv6 as in IPv4.
  Program second({"--dist", files.root().string(), "--host", "::1", "--port", port});
  EXPECT_NE(second.rest().find("another program uses this port"), std::string::npos);
  EXPECT_EQ(second.wait(), 1);
}

TEST(ServeProgram, ThePlaceComesFromOptionsOrCodeCarbonsSettings) {
  const TemporarySite files;
  const LinearModelFolder models(files);
  const auto usage_of = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"--dist",   files.root().string(), "--port", "0",
                                          "--models", models.path().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Program program(arguments);
    const Reply reply =
        send_and_read(program.port(), classify_request_bytes(R"({"text":"A wonderful film.","include_usage":true})"));
    EXPECT_EQ(reply.status, 200);
    return reply.body;
  };
  EXPECT_NE(usage_of({"--country", "FRA"}).find("\"place\":\"France"), std::string::npos);
  const std::string nowhere = usage_of({});
  EXPECT_NE(nowhere.find("\"energy_joules\""), std::string::npos);
  EXPECT_EQ(nowhere.find("co2e"), std::string::npos);
  ::setenv("CODECARBON_COUNTRY_ISO_CODE", "SWE", 1);
  const std::string sweden = usage_of({});
  ::unsetenv("CODECARBON_COUNTRY_ISO_CODE");
  EXPECT_NE(sweden.find("\"place\":\"Sweden"), std::string::npos) << sweden;
  Program unknown({"--dist", files.root().string(), "--country", "ATLANTIS"});
  EXPECT_NE(unknown.rest().find("ATLANTIS"), std::string::npos);
  EXPECT_EQ(unknown.wait(), 3);
}

TEST(ServeProgram, ModelsThatCannotBeReadKeepItFromStarting) {
  const TemporarySite files;
  Program gone({"--dist", files.root().string(), "--port", "0", "--models", "no/such/folder"});
  EXPECT_NE(gone.rest().find("no/such/folder/catalog.json"), std::string::npos);
  EXPECT_EQ(gone.wait(), 3);
  files.write("models/catalog.json", "{}");
  Program broken({"--dist", files.root().string(), "--port", "0", "--models", (files.root() / "models").string()});
  EXPECT_NE(broken.rest().find("catalog.json"), std::string::npos);
  EXPECT_EQ(broken.wait(), 3);
  // Unasked, the page is handed out whatever its models are.
  Program page({"--dist", files.root().string(), "--port", "0"});
  EXPECT_GT(page.port(), 0);
}

TEST(ServeProgram, HelpNamesExitCodes) {
  Program help({"--help"});
  const std::string text = help.rest();
  EXPECT_NE(text.find("--no-isolation"), std::string::npos);
  EXPECT_NE(text.find("Exit codes"), std::string::npos);
  EXPECT_EQ(help.wait(), 0);
}

}  // namespace
}  // namespace coppice::serve
