-- The same question again and again: METHOD, ADDRESS and BODY.
function request()
  return wrk.format(os.getenv("METHOD"), os.getenv("ADDRESS"), {["Content-Type"] = "application/json"}, os.getenv("BODY"))
end
