// One HTTP exchange over a plain socket: what is sent is exactly what the test says, which no HTTP client would do.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>

namespace coppice::serve {

struct Reply {
  int status = 0;                              // 0: no reply
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  int replies = 0;  // how many status lines came back on this connection
};

// A socket connected to 127.0.0.1:port within `patience` (0: whatever it takes), or -1. The caller closes it.
inline int connect_to(int port, timeval patience = {}) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

// Sends the bytes to 127.0.0.1:port and reads until the server closes the connection.
inline Reply send_and_read(int port, const std::string& bytes) {
  Reply reply;
  const int fd = connect_to(port);
  std::string text;
  if (fd >= 0 && ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size())) {
    char buffer[65536];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      text.append(buffer, static_cast<size_t>(got));
    }
  }
  ::close(fd);
  for (size_t at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1))
    ++reply.replies;
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return reply;
  reply.status = std::stoi(text.substr(9, 3));
  reply.body = text.substr(end + 4);
  for (size_t line = text.find("\r\n") + 2; line < end;) {
    const size_t next = text.find("\r\n", line);
    const size_t colon = text.find(": ", line);
    std::string name = text.substr(line, colon - line);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    // A header that is there twice shows as "a, b".
    std::string& value = reply.headers[name];
    value += (value.empty() ? "" : ", ") + text.substr(colon + 2, next - colon - 2);
    line = next + 2;
  }
  return reply;
}

// "GET /path" with further header lines, each ending in \r\n.
inline Reply request(int port, const std::string& method_and_path, const std::string& header_lines = "") {
  return send_and_read(port,
                       method_and_path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + header_lines + "\r\n");
}

}  // namespace coppice::serve
