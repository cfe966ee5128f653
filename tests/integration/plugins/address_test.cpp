#include "common/address.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cstring>
#include <stdexcept>

namespace opsroom::plugins {
namespace {

sockaddr_storage address(const std::string& text, int port = 80) {
  sockaddr_storage made{};
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&made, &four, sizeof four);
  } else {
    EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr), 1) << text;
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&made, &six, sizeof six);
  }
  return made;
}

bool allowed(const AddressPolicy& policy, const std::string& text, int port = 80) {
  const sockaddr_storage where = address(text, port);
  return policy.allows(reinterpret_cast<const sockaddr&>(where));
}

}  // namespace

TEST(Address, PublicOnesAreAllowed) {
  for (const char* text :
       {"1.1.1.1",
        "8.8.8.8",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "100.63.0.1",
        "169.253.0.1",
        "2606:4700::1111",
        "2a00::1",
        "::ffff:1.1.1.1"})
    EXPECT_TRUE(allowed(AddressPolicy{}, text)) << text;
}

TEST(Address, PrivateLocalAndMetadataOnesAreNotHoweverTheyAreWritten) {
  for (const char* text :
       {"0.0.0.0",
        "10.1.2.3",
        "127.0.0.1",
        "127.255.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
        "2001::1",
        "3fff::1"})
    EXPECT_FALSE(allowed(AddressPolicy{}, text)) << text;
}

TEST(Address, TheOperatorNamesNetworksAndPorts) {
  const AddressPolicy policy({"10.2.0.0/15", "127.0.0.1:8080", "::1", "[fd00::/8]:443"});
  EXPECT_TRUE(allowed(policy, "10.3.255.255"));
  EXPECT_FALSE(allowed(policy, "10.4.0.0"));
  EXPECT_TRUE(allowed(policy, "::ffff:10.2.0.1")) << "the same address in another dress";
  EXPECT_TRUE(allowed(policy, "127.0.0.1", 8080));
  EXPECT_FALSE(allowed(policy, "127.0.0.1", 80));
  EXPECT_FALSE(allowed(policy, "127.0.0.2", 8080));
  EXPECT_TRUE(allowed(policy, "::1", 1));
  EXPECT_TRUE(allowed(policy, "fd12::1", 443));
  EXPECT_FALSE(allowed(policy, "fd12::1", 444));
  EXPECT_TRUE(allowed(policy, "1.1.1.1"));
  EXPECT_TRUE(allowed(AddressPolicy({"0.0.0.0/0"}), "127.0.0.1"));
  EXPECT_FALSE(allowed(AddressPolicy({"0.0.0.0/0"}), "::1"));
}

TEST(Address, WhatIsNoNetworkIsRefused) {
  for (const char* text :
       {"",
        "localhost",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/x",
        "10.0.0/8",
        "::1/129",
        "127.0.0.1:0x",
        "127.0.0.1:70000",
        "[::1",
        "[::1]443"})
    EXPECT_THROW(AddressPolicy({text}), std::invalid_argument) << text;
}

}  // namespace opsroom::plugins
