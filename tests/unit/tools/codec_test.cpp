#include "base/failure.hpp"
#include "tools/base64.hpp"
#include "tools/call_content.hpp"
#include "tools/catalogue.hpp"
#include "tools/mcp_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::tools {
namespace {

using ::testing::HasSubstr;

Json params_of(const std::string& request) {
  const Json message = Json::parse(request);
  EXPECT_EQ(message["jsonrpc"], "2.0");
  EXPECT_EQ(message["method"], "tools/call");
  EXPECT_EQ(message["id"], message["params"]["_meta"]["progressToken"]);
  return message["params"];
}

TEST(CallRequest, CarriesTokenAndWhoCalls) {
  ToolCall call;
  call.run = RunId{7};
  call.step = "test";
  call.attempt = 2;
  call.idempotency_key = "key";
  call.arguments = Json{{"a", 1}};
  mcp::CallContext context{call, "run", "/lane", 1234, 9};
  context.traceparent = "00-a-b-01";
  const Json params = params_of(mcp::call_request(context, mcp::call_arguments(call)));
  EXPECT_EQ(params["name"], "run");
  EXPECT_EQ(params["arguments"], (Json{{"a", 1}}));
  EXPECT_EQ(params["_meta"]["progressToken"], 9);
  EXPECT_EQ(
      params["_meta"]["io.opsroom/call"],
      Json::parse(
          R"({"run":7,"step":"test","attempt":2,"idempotencyKey":"key","workdir":"/lane","deadlineMs":1234})"
      )
  );
  EXPECT_EQ(params["_meta"]["traceparent"], "00-a-b-01");
  for (const char* absent : {"inputResponses", "requestState", "task"})
    EXPECT_FALSE(params.contains(absent)) << absent;
}

TEST(CallRequest, OfACallThatGoesOnGivesBackTheStateAsItCame) {
  ToolCall call;
  mcp::CallContext context{call, "a \"b\"", "/lane", 0, 1};
  context.request_state = std::string("x\0\n\"ü", 6);
  context.input_responses = Json{{"k", {{"action", "accept"}}}};
  const std::string meta = mcp::modern_meta_members({true, true, "warning"});
  const Json params = params_of(mcp::call_request(context, mcp::call_arguments(call), meta));
  EXPECT_EQ(params["name"], "a \"b\"");
  EXPECT_EQ(params["requestState"], std::string("x\0\n\"ü", 6));
  EXPECT_EQ(params["inputResponses"]["k"]["action"], "accept");
  EXPECT_EQ(params["arguments"], Json::object());
  const Json& declared = params["_meta"]["io.modelcontextprotocol/clientCapabilities"];
  for (const char* capability : {"elicitation", "roots", "sampling", "extensions"})
    EXPECT_TRUE(declared.contains(capability)) << capability;
  EXPECT_EQ(params["_meta"]["io.modelcontextprotocol/logLevel"], "warning");
}

TEST(CallResult, StructuredContentIsTheOutputElseTheText) {
  ToolResult structured;
  mcp::read_call_result(
      Json::parse(R"({"content":[{"type":"text","text":"x"}],"structuredContent":[1,2]})"),
      structured
  );
  EXPECT_TRUE(structured.succeeded);
  EXPECT_EQ(structured.output.json(), Json::parse("[1,2]"));

  ToolResult text;
  mcp::read_call_result(
      Json::parse(
          R"({"content":[{"type":"text","text":"a"},{"type":"image","data":"x"},{"type":"text","text":"b"}]})"
      ),
      text
  );
  EXPECT_EQ(text.output["text"], "a\nb");
  EXPECT_EQ(text.output["content"], Json::parse(R"([{"type":"image","data":"x"}])"));
}

TEST(CallResult, OtherContentsAreKeptAndTheirBytesBecomeArtifacts) {
  ToolResult result;
  mcp::read_call_result(
      Json::parse(R"({"content":[
        {"type":"image","data":"AAEC","mimeType":"image/png"},
        {"type":"audio","data":"AAEC","mimeType":"audio/wav"},
        {"type":"resource_link","uri":"file:///x","name":"x"},
        {"type":"resource","resource":{"uri":"x:1","blob":"AAEC"}},
        {"type":"resource","resource":{"uri":"x:2","text":"t"}},
        {"type":"hologram","depth":3}]})"),
      result
  );
  mcp::name_artifacts(result, "scan");
  ASSERT_EQ(result.artifacts.size(), 3U);
  EXPECT_EQ(result.artifacts[0].name, "scan-image-1.png");
  EXPECT_EQ(result.artifacts[0].content, std::string("\0\1\2", 3));
  EXPECT_EQ(result.artifacts[2].name, "scan-resource-3.bin");
  const Json& content = result.output["content"];
  ASSERT_EQ(content.size(), 6U);
  EXPECT_EQ(
      content[0],
      Json::parse(R"({"type":"image","mimeType":"image/png","artifact":"scan-image-1.png"})")
  );
  EXPECT_EQ(content[3]["resource"]["artifact"], "scan-resource-3.bin");
  EXPECT_EQ(content[4]["resource"]["text"], "t");
  EXPECT_EQ(content[5], Json::parse(R"({"type":"hologram","depth":3})"));
}

TEST(CallResult, LinksAndTextsBesideAStructuredResultAreKeptToo) {
  ToolResult result;
  mcp::read_call_result(
      Json::parse(R"({"structuredContent":{"a":1},"content":[
        {"type":"text","text":"{\"a\":1}"},
        {"type":"image","data":"AAEC","mimeType":"image/png"},
        {"type":"resource_link","uri":"file:///x","name":"x"},
        {"type":"resource","resource":{"uri":"x:2","text":"t"}}]})"),
      result
  );
  mcp::name_artifacts(result, "scan");
  EXPECT_EQ(result.output.json(), (Json{{"a", 1}}));
  ASSERT_EQ(result.artifacts.size(), 2U);
  EXPECT_EQ(result.artifacts[0].name, "scan-image-1.png");
  EXPECT_EQ(result.artifacts[1].name, "scan-content-2.json");
  EXPECT_EQ(
      Json::parse(result.artifacts[1].content),
      Json::parse(R"([{"type":"resource_link","uri":"file:///x","name":"x"},
                      {"type":"resource","resource":{"uri":"x:2","text":"t"}}])")
  );
}

TEST(CallResult, AnErrorOfTheToolKeepsItsOutput) {
  ToolResult result;
  mcp::read_call_result(
      Json::parse(
          R"({"isError":true,"content":[{"type":"text","text":"no"}],"structuredContent":{"c":1}})"
      ),
      result
  );
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result.error, "no");
  EXPECT_EQ(result.output.json(), (Json{{"c", 1}}));
}

TEST(CallResult, DeclaredResourcesBecomeArtifacts) {
  ToolResult result;
  mcp::read_call_result(
      Json::parse(R"({"content":[{"type":"resource","resource":{"uri":"x:1","blob":"AAEC"},
        "_meta":{"io.opsroom/artifact":{"name":"a.bin","mediaType":"application/x"}}},
        {"type":"resource","resource":{"uri":"x:2","text":"plain","mimeType":"text/plain",
        "_meta":{"io.opsroom/artifact":{"name":"b.txt"}}}}]})"),
      result
  );
  ASSERT_EQ(result.artifacts.size(), 2U);
  EXPECT_EQ(result.artifacts[0].content, std::string("\0\1\2", 3));
  EXPECT_EQ(result.artifacts[0].media_type, "application/x");
  EXPECT_EQ(result.artifacts[1].name, "b.txt");
  EXPECT_EQ(result.artifacts[1].media_type, "text/plain");
}

TEST(CallResult, WhatIsNoneIsRefused) {
  for (const char* text :
       {"{}", "[]", "1", R"({"content":"x"})", R"({"content":[{"type":"text","text":1}]})"}) {
    ToolResult result;
    EXPECT_THROW(mcp::read_call_result(Json::parse(text), result), Failure) << text;
  }
}

TEST(ResultType, AbsentIsCompleteAndUnknownIsUnknown) {
  using Kind = mcp::ResultType::Kind;
  EXPECT_EQ(mcp::result_type(Json::object()).kind, Kind::complete);
  EXPECT_EQ(mcp::result_type({{"resultType", "input_required"}}).kind, Kind::input_required);
  EXPECT_EQ(mcp::result_type({{"resultType", "task"}}).kind, Kind::task);
  EXPECT_EQ(mcp::result_type({{"resultType", "new"}}).kind, Kind::unknown);
  EXPECT_EQ(mcp::result_type({{"resultType", 5}}).kind, Kind::unknown);
}

TEST(ToolPage, AnEmptyCursorIsACursor) {
  EXPECT_EQ(mcp::tool_page(Json::parse(R"({"tools":[],"nextCursor":""})")).next, "");
  EXPECT_FALSE(mcp::tool_page(Json::parse(R"({"tools":[]})")).next);
  EXPECT_THROW(mcp::tool_page(Json::parse(R"({"tools":{}})")), Failure);
  EXPECT_THROW(mcp::tool_page(Json::parse(R"({"tools":[{"name":5}]})")), Failure);
}

TEST(Roots, AreFileUris) {
  EXPECT_EQ(mcp::file_uri("/a b/ü#c"), "file:///a%20b/%C3%BC%23c");
}

TEST(LogMessages, KeepTextAndDumpTheRest) {
  EXPECT_EQ(mcp::log_text({{"data", "a\nb"}}), "a\nb");
  EXPECT_EQ(mcp::log_text(Json::parse(R"({"data":{"n":1}})")), R"({"n":1})");
  EXPECT_EQ(mcp::log_stream({{"level", "info"}, {"logger", "stdout"}}), "stdout");
  EXPECT_EQ(mcp::log_stream({{"level", "info"}}), "info");
}

TEST(Base64, DecodesOrSaysNo) {
  EXPECT_EQ(decode_base64("aGVsbG8="), "hello");
  EXPECT_EQ(decode_base64("aGVsbG8"), "hello");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_FALSE(decode_base64("a"));
  EXPECT_FALSE(decode_base64("a b="));
}

class CatalogueTest : public ::testing::Test {
 protected:
  CatalogueTest()
      : config(parse_tools_config(
            Json::parse(R"({"plugins":{"exec":{}},"mcpServers":{"files":{"command":"x",
              "opsroom":{"deny":["write_*"]}}}})"),
            "tools.json"
        )),
        catalogue(config) {
    catalogue.store(
        config.sources.at("exec"),
        {Json::parse(R"({"name":"run","description":"d","annotations":{"readOnlyHint":true}})")}
    );
    catalogue.store(
        config.sources.at("files"),
        {Json::parse(R"({"name":"read_file","annotations":{"readOnlyHint":true}})"),
         Json::parse(R"({"name":"write_file"})")}
    );
  }

  template <class Function>
  std::string failure_of(Function function) {
    try {
      function();
    } catch (const Failure& failure) {
      return failure.message() + " | " + failure.hint();
    }
    return "accepted";
  }

  ToolsConfig config;
  Catalogue catalogue;
};

TEST_F(CatalogueTest, UnknownToolsNameWhatThereIsAndTheNearest) {
  EXPECT_EQ(
      failure_of([&] { catalogue.find("exec.rum"); }),
      "unknown tool 'exec.rum': source 'exec' has run | Did you mean exec.run?"
  );
  EXPECT_EQ(
      failure_of([&] { catalogue.source_of("exce.run"); }),
      "unknown tool 'exce.run': there is no source 'exce', only exec and files | Did you mean "
      "exec.run?"
  );
  EXPECT_THAT(failure_of([&] { catalogue.source_of("exec"); }), HasSubstr("Write exec.<tool>."));
}

TEST_F(CatalogueTest, DeniedToolsAreNotThere) {
  EXPECT_THAT(failure_of([&] { catalogue.find("files.write_file"); }), HasSubstr("has read_file"));
  EXPECT_THAT(
      failure_of([&] { Catalogue::check_filter(config.sources.at("files"), "files.write_file"); }),
      HasSubstr("'files.write_file' is not allowed here")
  );
}

TEST_F(CatalogueTest, OnlyTrustedSourcesAreBelieved) {
  EXPECT_TRUE(catalogue.find("exec.run").safe_to_repeat);
  EXPECT_FALSE(catalogue.find("files.read_file").safe_to_repeat);
}

}  // namespace
}  // namespace opsroom::tools
