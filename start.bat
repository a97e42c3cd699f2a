@echo off
chcp 65001 >nul
set PYTHONUTF8=1
pushd "%~dp0"
where py >nul 2>nul
if not errorlevel 1 (
  py -3 start.py app %*
) else (
  where python >nul 2>nul
  if errorlevel 1 (
    echo 没有找到 Python。请先安装 Python 3.11、3.12 或 3.13（64 位）。
    echo Python was not found. Install Python 3.11, 3.12 or 3.13, 64 bit, first.
    pause
    exit /b 2
  )
  python start.py app %*
)
if errorlevel 1 pause
popd
