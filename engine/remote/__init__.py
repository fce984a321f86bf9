"""A model behind somebody else's server (vLLM, SGLang, llama.cpp, Ollama, a cloud), as an Engine. Never torch."""
