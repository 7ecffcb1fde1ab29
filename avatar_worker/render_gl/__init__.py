"""The pictures of ``render/``, drawn by a graphics card through OpenGL on EGL (Linux)."""
