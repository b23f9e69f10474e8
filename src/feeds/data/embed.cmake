# Run by the build: cmake -DOUT=file.cpp -DDIR=data -P embed.cmake. Writes the bars as raw strings.
set(text "namespace perpetua::feeds {\n")
foreach(name btc eth sol doge pepe wif arb op sui avax link aave)
  file(READ ${DIR}/${name}.csv csv)
  string(APPEND text "\nextern const char* const k_${name}_csv;\n")
  string(APPEND text "const char* const k_${name}_csv = R\"csv(${csv})csv\";\n")
endforeach()
string(APPEND text "\n}  // namespace perpetua::feeds\n")
file(WRITE ${OUT} "${text}")
